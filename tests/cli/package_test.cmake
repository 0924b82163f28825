# Makes the Debian packages of BUILD, unpacks the main one and trains with its program.
# cmake -DBUILD= -DWORK= -P package_test.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${ARGN}\nended with ${code}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
run(${CMAKE_COMMAND} -E chdir ${BUILD} ${CPACK} -B ${WORK} -D CPACK_STRIP_FILES=OFF -D CPACK_DEBIAN_COMPRESSION_TYPE=gzip)
file(GLOB package ${WORK}/tersegraph_*.deb)
run(dpkg-deb -f ${package} Depends)
foreach(library libc6 libdnnl libmetis libgomp1)
  if(NOT output MATCHES ${library})
    message(FATAL_ERROR "${library} is not among the dependencies: ${output}")
  endif()
endforeach()
run(dpkg-deb -x ${package} ${WORK}/root)
foreach(file share/man/man1/tersegraph.1.gz share/bash-completion/completions/tersegraph share/zsh/site-functions/_tersegraph
             share/fish/vendor_completions.d/tersegraph.fish share/doc/tersegraph/LICENSE include/tersegraph/tersegraph.h)
  if(NOT EXISTS ${WORK}/root/usr/${file})
    message(FATAL_ERROR "the package has no ${file}")
  endif()
endforeach()
run(${WORK}/root/usr/bin/tersegraph train --data sbm:nodes=50,edges=100,features=4,classes=2 --epochs 2 --threads 1
    --out ${WORK}/run)
