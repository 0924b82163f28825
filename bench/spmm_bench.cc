// How fast SpMM is on a graph, against the plain reading of the same rows. Prints JSON: seconds of every round, the
// sides in turns.
//   spmm_bench GRAPH.npz [key=value ...]
// Keys: columns (256), threads (2), rounds (5), order (given|auto|rcm|clusters|metis: 512 parts one after the other),
// sides (a list of spmm, gather, gather_ahead, bf16, gather_bf16, gather_bf16_ahead, rows, half, convert). `rows` goes
// by blocks of 64 rows on each thread with spmm_rows, `half` computes a random half of the rows by lists, `convert`
// rounds x to bf16. The gathers read one word of each cache line of every row that SpMM multiplies, without
// and with asking for them ahead.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "base/timer.h"
#include "data/npz.h"
#include "graph/metis.h"
#include "graph/pattern.h"
#include "graph/reorder.h"
#include "kernels/prefetch.h"
#include "kernels/edge_blocks.h"
#include "kernels/spmm.h"

namespace tersegraph {
namespace {

using nlohmann::json;

using Words = std::map<std::string, std::string>;

std::string word(const Words& words, const std::string& key, const std::string& fallback) {
  const auto found = words.find(key);
  return found == words.end() ? fallback : found->second;
}

Csr read_graph(const std::string& path) {
  const NpzReader npz(path);
  Csr a;
  a.indptr = to_vector<int64_t>(npz.read("adj_indptr"));
  a.indices = to_vector<int32_t>(npz.read("adj_indices"));
  a.cols = a.rows();
  a.values.assign(a.indices.size(), 0.5f);
  return a;
}

std::vector<int32_t> metis_order(CsrView a) {
  const std::vector<int32_t> part = metis_kway(UndirectedPattern(a).view(), 512, MetisObjective::cut, 1);
  std::vector<int32_t> order = locality_order(a, Ordering::none, 1);
  std::ranges::stable_sort(order, {}, [&](int32_t i) { return part[i]; });
  return order;
}

Csr permuted(const Csr& a, const std::vector<int32_t>& order) {
  std::vector<int32_t> position(order.size());
  for (size_t k = 0; k < order.size(); ++k) position[order[k]] = static_cast<int32_t>(k);
  Csr out;
  out.cols = a.cols;
  for (const int32_t i : order) {
    const auto first = static_cast<int64_t>(out.indices.size());
    for (int64_t e = a.indptr[i]; e < a.indptr[i + 1]; ++e) out.indices.push_back(position[a.indices[e]]);
    std::sort(out.indices.begin() + first, out.indices.end());
    out.indptr.push_back(static_cast<int64_t>(out.indices.size()));
  }
  out.values.assign(out.indices.size(), 0.5f);
  return out;
}

/// Whether rows are asked for ahead; the processor's own prefetchers may do better.
enum class Ahead { no, yes };

/// The sum keeps the reading alive.
template <Ahead kAhead, class T>
uint64_t gather(CsrView a, const T* x, int64_t cols) {
  constexpr int64_t kLine = 64 / sizeof(T), kDistance = 16;
  std::atomic<uint64_t> total = 0;
  parallel_edge_blocks(a, [&](int64_t begin, int64_t end) {
    uint64_t sum = 0;
    const int64_t last = a.begin(end) - 1;
    for (int64_t e = a.begin(begin); e <= last; ++e) {
      if constexpr (kAhead == Ahead::yes) prefetch_row(x + a.indices[std::min(e + kDistance, last)] * cols, cols);
      const T* row = x + a.indices[e] * cols;
      for (int64_t c = 0; c < cols; c += kLine) sum += std::bit_cast<std::array<uint8_t, sizeof(T)>>(row[c])[0];
    }
    total += sum;
  });
  return total;
}

void multiply_blocks(CsrView a, ConstMatrixView x, MatrixView y) {
  parallel_blocks(a.rows, 64, [&](int64_t begin, int64_t end) {
    thread_local Matrix block;
    block.reshape(64, x.cols);
    spmm_rows(a, x, begin, end, block.data());
    y.data[begin] = block(0, 0);
  });
}

void multiply_listed(CsrView a, ConstMatrixView x, const std::vector<int32_t>& rows, MatrixView y) {
  parallel_blocks(static_cast<int64_t>(rows.size()), 64, [&](int64_t begin, int64_t end) {
    thread_local Matrix block;
    block.reshape(64, x.cols);
    spmm_rows(a, x, std::span(rows).subspan(begin, end - begin), block.data());
    y.data[begin] = block(0, 0);
  });
}

json measure(const std::string& path, const Words& words) {
  const int64_t columns = std::stoll(word(words, "columns", "256"));
  const std::string order_name = word(words, "order", "given");
  json out = {{"columns", columns}, {"order", order_name}};
  set_thread_count(std::stoi(word(words, "threads", "2")));
  out["threads"] = thread_count();
  Csr a = read_graph(path);
  const Timer ordering;
  if (order_name != "given") {
    const std::vector<int32_t> order =
        order_name == "metis" ? metis_order(a) : locality_order(a, parse_ordering(order_name), 1);
    out["order_seconds"] = ordering.seconds();
    a = permuted(a, order);
  }
  out["nodes"] = a.rows();
  out["entries"] = a.nnz();
  out["miss_share"] = miss_share(a);

  Matrix x(a.cols, columns), y(a.rows(), columns), halves(a.cols, (columns + 1) / 2);
  Random random(1, Purpose::generator);
  for (int64_t k = 0; k < x.size(); ++k) x.data()[k] = static_cast<float>(random.uniform());
  y.fill(0.0f);  // page faults are not what is timed
  auto* const bf16 = reinterpret_cast<Bf16*>(halves.data());
  to_bf16(x, bf16);
  const ConstBf16View xb{bf16, a.cols, columns};
  std::vector<int32_t> half;
  for (int64_t i = 0; i < a.rows(); ++i) {
    if (random.below(2) == 0) half.push_back(static_cast<int32_t>(i));
  }

  uint64_t kept = 0;
  const std::map<std::string, std::function<void()>> all = {
      {"spmm", [&] { spmm(a, x, y); }},
      {"bf16", [&] { spmm(a, xb, y); }},
      {"gather", [&] { kept += gather<Ahead::no>(a, x.data(), columns); }},
      {"gather_ahead", [&] { kept += gather<Ahead::yes>(a, x.data(), columns); }},
      {"gather_bf16", [&] { kept += gather<Ahead::no>(a, bf16, columns); }},
      {"gather_bf16_ahead", [&] { kept += gather<Ahead::yes>(a, bf16, columns); }},
      {"rows", [&] { multiply_blocks(a, x, y); }},
      {"half", [&] { multiply_listed(a, x, half, y); }},
      {"convert", [&] { to_bf16(x, bf16); }}};
  std::istringstream list(word(words, "sides", "spmm,gather,gather_ahead,bf16,gather_bf16,gather_bf16_ahead"));
  std::vector<std::string> sides;
  for (std::string side; std::getline(list, side, ',');) {
    if (!all.contains(side)) fail_input("'{}' is not a side", side);
    sides.push_back(side);
  }
  for (const std::string& side : sides) all.at(side)();
  for (int64_t round = std::stoll(word(words, "rounds", "5")); round > 0; --round) {
    for (const std::string& side : sides) {
      const Timer timer;
      all.at(side)();
      out["seconds"][side].push_back(timer.seconds());
    }
  }
  out["kept"] = kept;
  return out;
}

}  // namespace
}  // namespace tersegraph

int main(int argc, char** argv) {
  using namespace tersegraph;
  try {
    if (argc < 2) fail_input("usage: spmm_bench GRAPH.npz [key=value ...]");
    Words words;
    for (int i = 2; i < argc; ++i) {
      const std::string text = argv[i];
      const size_t equals = text.find('=');
      if (equals == std::string::npos) fail_input("'{}' is not key=value", text);
      words[text.substr(0, equals)] = text.substr(equals + 1);
    }
    fmt::print("{}\n", measure(argv[1], words).dump());
  } catch (const std::exception& error) {
    fmt::print(stderr, "spmm_bench: {}\n", error.what());
    return 2;
  }
  return 0;
}
