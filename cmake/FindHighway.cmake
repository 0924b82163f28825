# Debian's and Ubuntu's libhwy-dev carry a .pc file but not always a CMake package. Defines Highway::hwy.
find_path(HIGHWAY_INCLUDE_DIR hwy/highway.h)
find_library(HIGHWAY_LIBRARY hwy)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Highway REQUIRED_VARS HIGHWAY_LIBRARY HIGHWAY_INCLUDE_DIR)
if(Highway_FOUND AND NOT TARGET Highway::hwy)
  add_library(Highway::hwy UNKNOWN IMPORTED)
  set_target_properties(Highway::hwy PROPERTIES IMPORTED_LOCATION "${HIGHWAY_LIBRARY}"
                        INTERFACE_INCLUDE_DIRECTORIES "${HIGHWAY_INCLUDE_DIR}" INTERFACE_COMPILE_DEFINITIONS HWY_SHARED_DEFINE)
endif()
mark_as_advanced(HIGHWAY_INCLUDE_DIR HIGHWAY_LIBRARY)
