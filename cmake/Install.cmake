# What `cmake --install` puts where; find_package(tersegraph) reads it back.
include(CMakePackageConfigHelpers)

file(RELATIVE_PATH libraries_from_program ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
set_target_properties(tersegraph_program PROPERTIES INSTALL_RPATH "$ORIGIN/${libraries_from_program}")

install(TARGETS tersegraph EXPORT tersegraphTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS tersegraph_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY include/tersegraph DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

install(FILES LICENSE THIRD_PARTY.md README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/tersegraph)
install(EXPORT tersegraphTargets NAMESPACE tersegraph:: DESTINATION ${package_folder})
configure_package_config_file(cmake/tersegraphConfig.cmake.in ${PROJECT_BINARY_DIR}/tersegraphConfig.cmake
                              INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tersegraphConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/tersegraphConfig.cmake ${PROJECT_BINARY_DIR}/tersegraphConfigVersion.cmake
        DESTINATION ${package_folder})
