# Installs BUILD into a fresh prefix, builds the consumer SOURCE against it with find_package and runs it and the program.
# cmake -DBUILD= -DSOURCE= -DWORK= -DCOMPILER= -DGENERATOR= -P install_test.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${ARGN}\nended with ${code}:\n${output}")
  endif()
  message("${output}")
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/build -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_CXX_COMPILER=${COMPILER}
    -G ${GENERATOR})
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${CMAKE_COMMAND} -E chdir ${WORK} build/consumer)
run(${WORK}/prefix/bin/tersegraph --version)
if(MPIEXEC)
  # The installed program finds the installed plugin.
  run(${MPIEXEC} -n 2 ${WORK}/prefix/bin/tersegraph train --data sbm:nodes=50,edges=100,features=4,classes=2 --epochs 2
      --threads 1 --out ${WORK}/mpi-run)
endif()
