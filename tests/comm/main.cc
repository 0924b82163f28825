// The tests of every communicator: with threads when started alone, with MPI under mpirun. Rank 0 prints; the others
// only say what failed on them. TERSEGRAPH_TEST_PIECE lowers the size from which MPI messages go in pieces.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "comm/ranks.h"

namespace {

using namespace tersegraph;

class FailurePrinter : public ::testing::EmptyTestEventListener {
  void OnTestPartResult(const ::testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::fprintf(stderr, "rank %d: %s:%d: %s\n", launched_rank(), result.file_name(), result.line_number(),
                 result.summary());
  }
};

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (launched_ranks() == 0) return RUN_ALL_TESTS();
  if (launched_rank() > 0) {
    auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new FailurePrinter);
  }
  const char* const piece = std::getenv("TERSEGRAPH_TEST_PIECE");
  int result = 1;
  run_mpi_rank(
      0, 1,
      [&](Communicator& communicator) {
        tersegraph::testing::mpi_rank() = &communicator;
        result = RUN_ALL_TESTS();
      },
      0, piece != nullptr ? std::strtoull(piece, nullptr, 10) : kMpiPiece);
  return result;
}
