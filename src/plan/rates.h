#pragma once

#include <map>
#include <string>
#include <vector>

namespace tersegraph {

/// Seconds as a function of two sizes, measured at the points of a grid; between them straight in the logarithms, and
/// beyond them as at the edge.
struct RateTable {
  std::vector<double> x, y;     ///< ascending
  std::vector<double> seconds;  ///< (x.size(), y.size())

  double at(double x_value, double y_value) const;
};

/// How fast one machine is. Seconds are those of one thread.
/// Tables, by x and y:
/// - spmm: an entry gathered; columns, and bytes that are gathered until a row is read again
/// - gemm, gemm_ta, gemm_tb: a multiply-add of a b, a^T b and a b^T on blocks of rows; the two sizes of the weights
/// - encode, decode: a value of a row; bits, columns
/// - encode_far, decode_far: the same of rows of 64 columns; bits, and bytes of the rows that they are some of
/// - admm.p, admm.w_z: a unit of LayerCost's p and weights; neurons, training columns
/// - admm.q_u, admm.round, admm.terms: a value of q and u, one rounded to a grid, and one of z in the objective; the
///   same
/// - copy: a byte copied; 1, and bytes of all that is copied again and again
/// Numbers:
/// - spmm_row, activation, activation_backward, norm, norm_backward, loss, optimizer: a value written, or a parameter
/// - checksum, socket: a byte summed up, and moved through a socket (processor time at either end)
/// - admm.last, sum_row: a value of z_L, and beginning a row to send that is a sum
/// - message, region: a short message's way, and a parallel region
/// - speedup.gather, speedup.gemm, speedup.stream: of all cores over one
struct Rates {
  static constexpr int kVersion = 3;
  static constexpr int64_t kCached = 1 << 21;  ///< bytes of the rows that encode and decode are measured on
  std::string machine;                         ///< the processor's name
  int cores = 1;
  std::map<std::string, RateTable> tables;
  std::map<std::string, double> numbers;

  double number(const std::string& name) const { return numbers.at(name); }
  double at(const std::string& table, double x, double y) const { return tables.at(table).at(x, y); }
  double copy(double bytes) const { return at("copy", 1, bytes); }
  /// Of one thread's speed alone, what it has left while `active` threads compute on the machine.
  double share(const std::string& kind, double active) const;
};

/// Where rates are kept unless told otherwise: $XDG_CACHE_HOME/tersegraph/rates.json, or below ~/.cache.
std::string default_rates_path();
/// Errors: InputError naming the file and what to do when it is not there, of another version, or lacks a rate.
Rates read_rates(const std::string& path);
void write_rates(const Rates& rates, const std::string& path);

/// The processor's name.
std::string machine_name();

}  // namespace tersegraph
