#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "base/byte_stream.h"
#include "base/error.h"
#include "bindings.h"
#include "comm/collectives.h"
#include "exchange/halo_rows.h"
#include "hints.h"
#include "models.h"
#include "rank.h"
#include "run/train_config.h"

namespace nb = nanobind;

namespace tersegraph::python {
namespace {

template <class T>
using Values = nb::ndarray<nb::numpy, T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Rows = nb::ndarray<nb::numpy, const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using WritableRows = nb::ndarray<nb::numpy, float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Ids = nb::ndarray<nb::numpy, const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

std::vector<std::shared_ptr<Rank>> thread_ranks(int ranks, double timeout) {
  if (ranks < 1) fail_input("{} ranks: there must be at least 1", ranks);
  const auto world = std::make_shared<ThreadWorld>();
  world->communicators = make_thread_communicators(ranks);
  std::vector<Communicator*> watched;
  for (const auto& communicator : world->communicators) watched.push_back(communicator.get());
  world->watchdog.emplace(std::move(watched), timeout);
  std::vector<std::shared_ptr<Rank>> all;
  for (int rank = 0; rank < ranks; ++rank) all.push_back(std::make_shared<Rank>(world, rank));
  return all;
}

template <class T>
void sum_over_ranks(Rank& rank, const Values<T>& values) {
  all_reduce_sum(rank.channel(), Traffic::all_reduce, std::span(values.data(), values.size()));
}

nb::list gather(Rank& rank, const nb::bytes& mine) {
  std::vector<std::vector<std::byte>> all;
  const std::span own(static_cast<const std::byte*>(mine.data()), mine.size());
  {
    const nb::gil_scoped_release released;
    all = all_gather(rank.channel(), Traffic::setup, own);
  }
  nb::list parts;
  for (const auto& part : all) parts.append(nb::bytes(part.data(), part.size()));
  return parts;
}

nb::dict bytes_sent(Rank& rank) {
  nb::dict sent;
  for (int kind = 0; kind < kTrafficKinds; ++kind) {
    const auto name = traffic_name(static_cast<Traffic>(kind));
    const int64_t bytes = rank.channel().ledger().bytes(static_cast<Traffic>(kind));
    if (bytes > 0) sent[nb::str(name.data(), name.size())] = bytes;
  }
  return sent;
}

std::vector<int64_t> to_vector(const Ids& ids) {
  return {ids.data(), ids.data() + ids.size()};
}

ConstMatrixView view(const Rows& x) {
  return {x.data(), static_cast<int64_t>(x.shape(0)), static_cast<int64_t>(x.shape(1))};
}

/// The halo exchange with the rank that it is of.
class HaloRowsOf {
 public:
  HaloRowsOf(std::shared_ptr<Rank> rank, const Ids& owned, const Ids& halo, const Ids& offsets,
             const OptionWords& words)
      : rank_(std::move(rank)), seed_(static_cast<uint64_t>(config_of(words).seed)) {
    HaloNodes nodes{to_vector(owned), to_vector(halo), to_vector(offsets)};
    const ExchangeConfig config = exchange_config(config_of(words));
    const nb::gil_scoped_release released;
    held_ = rank_->hold(std::make_unique<HaloRows>(rank_->channel(), std::move(nodes), config));
  }

  /// kind: "train" (as the policy says), "constant" and "evaluation" (exact).
  void forward(const Rows& x, const WritableRows& halo, const std::string& kind, int64_t epoch, int layer) {
    check(x, rows().owned(), "rows");
    const MatrixView to{halo.data(), rows().halo(), static_cast<int64_t>(x.shape(1))};
    const nb::gil_scoped_release released;
    rows().forward(view(x), to, pass(kind, Traffic::halo_forward, epoch, layer));
  }

  void backward(const Rows& of_halo, const WritableRows& gradient, const std::string& kind, int64_t epoch, int layer) {
    check(of_halo, rows().halo(), "gradients");
    const MatrixView to{gradient.data(), rows().owned(), static_cast<int64_t>(of_halo.shape(1))};
    const nb::gil_scoped_release released;
    rows().backward(view(of_halo), to, pass(kind, Traffic::halo_backward, epoch, layer));
  }

  void end_epoch(int64_t epoch) {
    const nb::gil_scoped_release released;
    rows().end_epoch(epoch);
  }

  /// What adaptive widths know of this rank's rows, between steps.
  nb::bytes state() const {
    std::vector<std::byte> bytes;
    append_widths(rows().widths().state(), bytes);
    return nb::bytes(bytes.data(), bytes.size());
  }
  void restore(const nb::bytes& state) {
    const auto* const first = static_cast<const std::byte*>(state.data());
    ByteReader reader({first, first + state.size()}, "the exchange's state is damaged");
    rows().widths().restore(read_widths(reader));
  }

  std::map<std::string, double> bits() const { return rows().widths().report().bits; }

 private:
  HaloRows& rows() const {
    rank_->channel();  // fails where it was closed
    return **held_;
  }
  static void check(const Rows& x, int64_t rows, const char* what) {
    if (static_cast<int64_t>(x.shape(0)) != rows) fail_input("{} {} where there are {} nodes", x.shape(0), what, rows);
  }
  AggregationPass pass(const std::string& kind, Traffic training, int64_t epoch, int layer) const {
    const bool trains = kind == "train";
    return {trains,
            trains               ? training
            : kind == "constant" ? Traffic::layer0
                                 : Traffic::evaluation,
            seed_, epoch, layer};
  }

  std::shared_ptr<Rank> rank_;
  uint64_t seed_;
  std::shared_ptr<std::unique_ptr<HaloRows>> held_;
};

/// (n,) the part of each node.
std::vector<int32_t> parts_of(const SharedDataset& dataset, int parts, const std::string& method) {
  constexpr uint64_t kSeed = 1;
  const nb::gil_scoped_release released;
  return make_partition(dataset.data->graph, parts, parse_partition_method(method), kSeed).part_of;
}

}  // namespace

void bind_ranks(nb::module_& module) {
  module.def("launched_ranks", &launched_ranks);
  module.def("partition", &parts_of);
  module.def("thread_ranks", &thread_ranks);
  module.def("process_rank", [](double timeout) {
    const nb::gil_scoped_release released;
    return std::make_shared<Rank>(timeout);
  });
  nb::class_<Rank>(module, "Rank")
      .def_prop_ro("rank", [](Rank& rank) { return rank.channel().rank(); })
      .def_prop_ro("size", [](Rank& rank) { return rank.channel().size(); })
      .def_prop_ro("bytes_sent", &bytes_sent, TERSEGRAPH_PROPERTY("bytes_sent", "dict[str, int]"))
      .def("sum_float32", &sum_over_ranks<float>, nb::call_guard<nb::gil_scoped_release>())
      .def("sum_float64", &sum_over_ranks<double>, nb::call_guard<nb::gil_scoped_release>())
      .def("gather", &gather, nb::sig("def gather(self, mine: bytes, /) -> list[bytes]"))
      .def("fail", &Rank::fail, nb::call_guard<nb::gil_scoped_release>())
      .def("close", &Rank::close, nb::call_guard<nb::gil_scoped_release>());
  nb::class_<HaloRowsOf>(module, "HaloRows")
      .def(nb::init<std::shared_ptr<Rank>, const Ids&, const Ids&, const Ids&, const OptionWords&>())
      .def("forward", &HaloRowsOf::forward)
      .def("backward", &HaloRowsOf::backward)
      .def("end_epoch", &HaloRowsOf::end_epoch)
      .def("state", &HaloRowsOf::state)
      .def("restore", &HaloRowsOf::restore)
      .def_prop_ro("bits", &HaloRowsOf::bits);
}

}  // namespace tersegraph::python
