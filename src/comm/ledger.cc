#include "comm/ledger.h"

#include <numeric>

namespace tersegraph {

std::string_view traffic_name(Traffic kind) {
  switch (kind) {
    case Traffic::halo_forward:
      return "halo_forward";
    case Traffic::halo_backward:
      return "halo_backward";
    case Traffic::layer0:
      return "layer0";
    case Traffic::p:
      return "p";
    case Traffic::q:
      return "q";
    case Traffic::evaluation:
      return "evaluation";
    case Traffic::all_reduce:
      return "all_reduce";
    case Traffic::placement:
      return "placement";
    case Traffic::setup:
      return "setup";
  }
  return "";
}

int64_t total(const TrafficBytes& bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), int64_t{0});
}

}  // namespace tersegraph
