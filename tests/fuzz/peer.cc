// What another rank sends: the plan of an exchange, sparse rows, training rows, matrices, p and q of ADMM.
#include <algorithm>
#include <limits>
#include <utility>

#include "admm/link.h"
#include "admm/placement.h"
#include "exchange/exchange_plan.h"
#include "exchange/layer_plans.h"
#include "exchange/sparse_rows.h"
#include "fuzz.h"
#include "graph/generators.h"
#include "graph/shard.h"
#include "run/fingerprint.h"

using namespace tersegraph;

namespace {

constexpr int kLengthTag = 3;  // of collectives.cc: an unequal collective tells lengths first

/// The other one of two ranks sends the input, each message followed by the seal that fits, lest that keep all damage
/// out.
class InputPeer : public Communicator {
 public:
  InputPeer(int rank, fuzz::Input& input) : rank_(rank), input_(input) {}

  int rank() const override { return rank_; }
  int size() const override { return 2; }
  const std::vector<int>& host_of() const override { return hosts_; }
  Request send(int, int, std::span<const std::byte> bytes) override { return done(bytes.size()); }
  Request receive(int, int tag, std::span<std::byte> room) override {
    if (std::exchange(sealed_, !sealed_)) {
      const uint64_t seal = seal_of(tag, last_);
      std::memcpy(room.data(), &seal, sizeof seal);
      return done(sizeof seal);
    }
    last_ = room;
    std::fill(room.begin(), room.end(), std::byte{});
    if (tag == kLengthTag && room.size() == 8) {
      const uint64_t length = std::min<uint64_t>(input_.number<uint16_t>(), input_.left());
      std::memcpy(room.data(), &length, sizeof length);
      return done(sizeof length);
    }
    const auto bytes = input_.take(room.size());
    std::copy(bytes.begin(), bytes.end(), room.begin());
    return done(bytes.size());
  }
  bool test(Request request, size_t* size) override {
    if (size != nullptr) *size = wait(request);
    return true;
  }
  size_t wait(Request request) override { return sizes_.at(static_cast<size_t>(request)); }
  void progress() override {}
  void abort(const std::string&, int) override {}
  void drop_requests() noexcept override {}

 private:
  Request done(size_t size) {
    sizes_.push_back(size);
    return static_cast<Request>(sizes_.size()) - 1;
  }

  int rank_;
  fuzz::Input& input_;
  std::vector<int> hosts_{0, 1};
  std::vector<size_t> sizes_;
  std::span<const std::byte> last_;  ///< of which the seal comes next
  bool sealed_ = false;
};

const Shard& shard() {
  static const Shard shard = [] {
    SbmSpec spec;
    spec.nodes = 12;
    spec.edges = 30;
    spec.classes = 2;
    Partition partition{2, {}};
    for (int v = 0; v < 12; ++v) partition.part_of.push_back(v % 2);
    return build_shard(generate_sbm(spec).graph.adjacency, partition, 0, Ordering::none, 1);
  }();
  return shard;
}

void receive_sparse_rows(Channel& channel) {
  ExchangePlan plan;
  plan.send_offsets = {0, 0, 0};
  plan.receive_offsets = {0, 0, 4};
  Csr x;
  x.cols = std::numeric_limits<int32_t>::max();
  const Csr halo = exchange_sparse_rows(plan, x, Traffic::setup, channel);
  if (halo.rows() != 4 || halo.nnz() != std::ssize(halo.indices)) std::abort();
}

void receive_link(Channel& channel, fuzz::Input& input) {
  AdmmConfig config;
  config.quantize = Quantize::pq;
  config.grid = static_cast<GridKind>(input.below(4));
  constexpr int kBits[] = {1, 2, 3, 4, 5, 6, 7, 8, 16};
  config.bits = kBits[input.below(config.grid == GridKind::affine ? 9 : 8)];
  LinkMessage link(Traffic::p, 1, Grid(config, input.below(2) == 1));
  Matrix x(1 + input.below(20), 1 + input.below(9));
  x.fill(0);
  link.start_from(x);
  link.start_receive(channel, 1, x);
  link.finish_receive(channel);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const int kind = input.below(7);
  InputPeer peer(kind == 3 ? 1 : 0, input);
  Channel channel(peer);
  fuzz::expect_read_or_refused([&] {
    if (kind == 0) receive_sparse_rows(channel);
    if (kind == 1 || kind == 2) {
      const ExchangePlan plan = plan_forward(shard(), shard().remote, static_cast<RowChoice>(kind - 1), channel);
      plan_backward(plan);
    }
    if (kind == 3) {
      Matrix matrix;
      broadcast(matrix, 0, Traffic::setup, channel);
    }
    if (kind == 4) receive_link(channel, input);
    if (kind == 5) needed_rows(shard(), std::vector<int64_t>{0, 1}, 3, channel);
    if (kind == 6) compare_ranks({"1", {{"lr", "0.1"}}, 7}, channel);
  });
  return 0;
}
