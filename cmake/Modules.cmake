# tersegraph_module(NAME SOURCES a.cc b.cc [USES lower modules and libraries])
# One static library a folder of src/. Linking only what stands in USES keeps dependencies downward: base <- kernels <-
# graph <- data <- comm <- exchange <- nn <- train <- run <- cli.
function(tersegraph_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
  add_library(tersegraph_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(tersegraph_${name} PUBLIC ${ARG_USES})
  target_include_directories(tersegraph_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
                                                       $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  tersegraph_compile_options(tersegraph_${name})
endfunction()

function(tersegraph_compile_options target)
  # g++ 12 warns of overlaps in the standard library's own string concatenation (GCC bug 105651).
  set(gcc12 "$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>")
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic $<${gcc12}:-Wno-restrict>)
  if(TERSEGRAPH_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${TERSEGRAPH_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${TERSEGRAPH_SANITIZE})
    if(TERSEGRAPH_SANITIZE MATCHES undefined)
      target_compile_options(${target} PUBLIC -fno-sanitize-recover=undefined)
    endif()
  endif()
endfunction()

# ThreadSanitizer sees an OpenMP barrier only through libomp's Archer, and must not look into libomp itself.
set(TERSEGRAPH_TEST_ENVIRONMENT "")
if(TERSEGRAPH_SANITIZE STREQUAL "thread")
  file(GLOB TERSEGRAPH_ARCHER /usr/lib/llvm-*/lib/libarcher.so)
  set(TERSEGRAPH_TEST_ENVIRONMENT TSAN_OPTIONS=ignore_noninstrumented_modules=1 OMP_TOOL_LIBRARIES=${TERSEGRAPH_ARCHER})
elseif(TERSEGRAPH_SANITIZE MATCHES address)
  # libomp keeps a little of threads that have ended.
  file(WRITE ${PROJECT_BINARY_DIR}/leaks "leak:libomp.so\n")
  set(TERSEGRAPH_TEST_ENVIRONMENT LSAN_OPTIONS=suppressions=${PROJECT_BINARY_DIR}/leaks:print_suppressions=0)
endif()

# tersegraph_test(NAME SOURCES ... USES modules ... [ALONE]): one GoogleTest program, its cases known to ctest by name, or in
# sanitized builds, whose processes start slowly, as one test. ALONE: it measures times.
function(tersegraph_test name)
  cmake_parse_arguments(ARG "ALONE" "" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_USES} GTest::gmock GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  tersegraph_compile_options(${name})
  # To optimise what a test itself does takes longer than it saves.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  if(TERSEGRAPH_SANITIZE)
    target_compile_options(${name} PRIVATE -O0)
    add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES TIMEOUT 600 RUN_SERIAL ${ARG_ALONE} ENVIRONMENT "${TERSEGRAPH_TEST_ENVIRONMENT}")
  else()
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600 RUN_SERIAL ${ARG_ALONE})
  endif()
endfunction()
