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

/// How fast one machine is. Seconds are those of one thread. Tables:
///   spmm            an entry gathered; columns, bytes gathered until a row is read again
///   gemm, gemm_ta, gemm_tb  a multiply-add of c = a b, a^T b, a b^T on blocks of rows; inner (of ta: rows of c),
///   columns encode, decode  a value of a row; bits, columns
/// Numbers:
///   spmm_row, activation, activation_backward, norm, norm_backward, loss, optimizer   a value written or a parameter
///   copy, checksum  a byte that a thread rank hands to another; of a message that is summed up
///   socket          a byte through a socket, of processor time at either end
///   message         a message between ranks of one host
///   region          a parallel region
///   speedup.gather, speedup.gemm, speedup.stream   of all cores over one
struct Rates {
  static constexpr int kVersion = 1;
  std::string machine;  ///< the processor's name
  int cores = 1;
  std::map<std::string, RateTable> tables;
  std::map<std::string, double> numbers;

  double number(const std::string& name) const { return numbers.at(name); }
  double at(const std::string& table, double x, double y) const { return tables.at(table).at(x, y); }
  /// Of one thread's speed alone, what it has left while `active` threads compute on the machine.
  double share(const std::string& kind, double active) const;
};

/// Where rates are kept unless told otherwise: $XDG_CACHE_HOME/tersegraph/rates.json, or below ~/.cache.
std::string default_rates_path();
/// Errors: InputError naming the file and what to do when it is not there, of another version, or lacks a rate.
Rates read_rates(const std::string& path);
void write_rates(const Rates& rates, const std::string& path);

/// The processor's name and the cores that this process may use.
std::string machine_name();
int machine_cores();

}  // namespace tersegraph
