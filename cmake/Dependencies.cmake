# Every library that Tersegraph stands on, found here and nowhere else.
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(METIS REQUIRED)
find_package(DNNL REQUIRED)
find_package(Highway REQUIRED)

# MPI is optional: only the plugin in src/comm/mpi uses it.
find_package(MPI QUIET COMPONENTS CXX)
