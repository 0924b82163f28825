#include "data/partition_file.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "data/npy.h"
#include "data/text_reader.h"

namespace tersegraph {
namespace {

constexpr int64_t kMostParts = 1 << 20;

std::vector<int32_t> read_text(const std::string& path, int64_t nodes, int64_t limit) {
  TextReader text(path);
  std::vector<int32_t> part_of;
  while (text.next_content()) {
    if (std::ssize(part_of) == nodes) text.fail("is one more than there are nodes, {}", nodes);
    part_of.push_back(static_cast<int32_t>(text.index(limit)));
    text.expect_end();
  }
  return part_of;
}

std::vector<int32_t> read_array(const std::string& path, int64_t limit) {
  const NpyFile array = read_npy(path);
  if (array.dimensions() != 1) fail_input("{}: has shape {} where (n,) is needed", path, array.shape_words());
  std::vector<int32_t> part_of = to_vector<int32_t>(array);
  const auto bad = std::ranges::find_if(part_of, [&](int32_t part) { return part < 0 || part >= limit; });
  if (bad != part_of.end()) {
    fail_input("{}: entry {} is {}, outside 0..{}", path, bad - part_of.begin(), *bad, limit - 1);
  }
  return part_of;
}

}  // namespace

bool is_partition_file(const std::string& words) {
  return words.find_first_of("./") != std::string::npos;
}

Partition read_partition(const std::string& path, int64_t nodes, int parts) {
  const int64_t limit = parts > 0 ? parts : kMostParts;
  Partition partition;
  partition.part_of = path.ends_with(".npy") ? read_array(path, limit) : read_text(path, nodes, limit);
  if (std::ssize(partition.part_of) != nodes) {
    fail_input("{}: tells the part of {} nodes, and there are {}", path, partition.part_of.size(), nodes);
  }
  partition.parts = parts > 0 ? parts : *std::ranges::max_element(partition.part_of) + 1;
  std::vector<bool> used(partition.parts);
  for (const int32_t part : partition.part_of) used[part] = true;
  const auto empty = std::ranges::find(used, false);
  if (empty != used.end()) {
    fail_input("{}: part {} of {} has no node; give as many parts as the file has", path, empty - used.begin(),
               partition.parts);
  }
  return partition;
}

}  // namespace tersegraph
