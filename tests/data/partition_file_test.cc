#include "data/partition_file.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "data/npz_files.h"

namespace tersegraph {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PartitionFile : public ::testing::Test {
 protected:
  std::string refusal(std::string_view name, std::string_view bytes, int64_t nodes, int parts) {
    const std::string path = folder_.write(name, bytes);
    return error_of<InputError>([&] { read_partition(path, nodes, parts); });
  }

  TemporaryFolder folder_;
};

TEST_F(PartitionFile, TellsItselfByItsName) {
  EXPECT_TRUE(is_partition_file("graph.metis.part.4"));
  EXPECT_TRUE(is_partition_file("parts/mine"));
  EXPECT_FALSE(is_partition_file("metis-volume"));
}

TEST_F(PartitionFile, TextsOfMetis) {
  const std::string path = folder_.write("g.part.3", "0\n2\n1\n2\n0\n");
  for (const int parts : {0, 3}) {
    const Partition partition = read_partition(path, 5, parts);
    EXPECT_EQ(partition.parts, 3);
    EXPECT_THAT(partition.part_of, ElementsAre(0, 2, 1, 2, 0));
  }
}

TEST_F(PartitionFile, ArraysOfAnyWholeNumbers) {
  folder_.write("a.npy", npy("<i8", "(4,)", raw<int64_t>({1, 0, 1, 0})));
  folder_.write("b.npy", npy("|u1", "(4,)", raw<uint8_t>({1, 0, 1, 0})));
  for (const char* name : {"a.npy", "b.npy"}) {
    EXPECT_THAT(read_partition(folder_.file(name), 4, 0).part_of, ElementsAre(1, 0, 1, 0));
  }
}

TEST_F(PartitionFile, WhatDoesNotFitIsRefused) {
  EXPECT_THAT(refusal("a.part", "0\n1\n", 3, 2), HasSubstr("the part of 2 nodes, and there are 3"));
  EXPECT_THAT(refusal("a.part", "0\n1\n0\n1\n", 3, 2), HasSubstr("a.part, line 4: is one more than there are nodes"));
  EXPECT_THAT(refusal("a.part", "0\n2\n1\n", 3, 2), HasSubstr("a.part, line 2"));
  EXPECT_THAT(refusal("a.part", "0\n-1\n1\n", 3, 2), HasSubstr("a.part, line 2"));
  EXPECT_THAT(refusal("a.part", "0 1\n0\n1\n", 3, 2), HasSubstr("a.part, line 1"));
  EXPECT_THAT(refusal("a.part", "0\n2\n0\n", 3, 0), HasSubstr("part 1 of 3 has no node"));
  EXPECT_THAT(refusal("a.part", "", 3, 0), HasSubstr("the part of 0 nodes"));
  EXPECT_THAT(refusal("a.npy", npy("<i4", "(3,)", raw<int32_t>({0, 1, 5})), 3, 2), HasSubstr("entry 2 is 5"));
  EXPECT_THAT(refusal("a.npy", npy("<i4", "(3, 1)", raw<int32_t>({0, 1, 1})), 3, 2), HasSubstr("shape (3, 1)"));
  EXPECT_THAT(refusal("a.npy", npy("<f4", "(3,)", raw<float>({0, 1, 1})), 3, 2), HasSubstr("fractions"));
  EXPECT_NE(error_of<InputError>([&] { read_partition(folder_.file("absent.part"), 3, 2); }), "");
}

}  // namespace
}  // namespace tersegraph
