// Ranks and their threads outnumber the cores of small machines; waiting threads must not spin then.
#include <gtest/gtest.h>

#include "comm/launch.h"

int main(int argc, char** argv) {
  tersegraph::settle_wait_policy(4, 2, argv);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
