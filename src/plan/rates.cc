#include "plan/rates.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

namespace tersegraph {
namespace {

constexpr const char* kTables[] = {"spmm",     "gemm",       "gemm_ta",    "gemm_tb", "encode",
                                   "decode",   "encode_far", "decode_far", "admm.p",  "admm.w_z",
                                   "admm.q_u", "admm.round", "admm.terms", "copy"};
constexpr const char* kNumbers[] = {"spmm_row",      "activation",     "activation_backward",
                                    "norm",          "norm_backward",  "loss",
                                    "optimizer",     "checksum",       "socket",
                                    "message",       "region",         "admm.last",
                                    "sum_row",       "speedup.gather", "speedup.gemm",
                                    "speedup.stream"};

/// Where `value` stands between two points of an axis: the lower one, and the way from it.
std::pair<size_t, double> place(const std::vector<double>& axis, double value) {
  if (value <= axis.front() || axis.size() == 1) return {0, 0.0};
  if (value >= axis.back()) return {axis.size() - 2, 1.0};
  const size_t above = std::upper_bound(axis.begin(), axis.end(), value) - axis.begin();
  return {above - 1, std::log(value / axis[above - 1]) / std::log(axis[above] / axis[above - 1])};
}

bool whole(const Rates& rates) {
  for (const char* name : kTables) {
    const auto found = rates.tables.find(name);
    if (found == rates.tables.end()) return false;
    const RateTable& table = found->second;
    const auto positive = [](double value) { return value > 0; };
    if (table.x.empty() || table.y.empty() || table.seconds.size() != table.x.size() * table.y.size()) return false;
    if (!std::ranges::all_of(table.seconds, positive) || !std::ranges::all_of(table.x, positive) ||
        !std::ranges::all_of(table.y, positive) || !std::ranges::is_sorted(table.x) ||
        !std::ranges::is_sorted(table.y)) {
      return false;
    }
  }
  return rates.cores > 0 && std::ranges::all_of(kNumbers, [&](const char* name) {
           const auto found = rates.numbers.find(name);
           return found != rates.numbers.end() && found->second > 0;
         });
}

}  // namespace

double RateTable::at(double x_value, double y_value) const {
  const auto [i, right] = place(x, x_value);
  const auto [j, up] = place(y, y_value);
  const auto log_of = [&](size_t a, size_t b) {
    return std::log(seconds[std::min(a, x.size() - 1) * y.size() + std::min(b, y.size() - 1)]);
  };
  return std::exp((1 - right) * ((1 - up) * log_of(i, j) + up * log_of(i, j + 1)) +
                  right * ((1 - up) * log_of(i + 1, j) + up * log_of(i + 1, j + 1)));
}

double Rates::share(const std::string& kind, double active) const {
  const double all = number("speedup." + kind), count = cores;
  if (active <= 1 || cores == 1) return active <= 1 ? 1.0 : all / active;
  if (active >= count) return all / active;
  return 1 + (active - 1) / (count - 1) * (all / count - 1);
}

std::string default_rates_path() {
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  const std::filesystem::path base = cache != nullptr && *cache != 0 ? std::filesystem::path(cache)
                                     : home != nullptr               ? std::filesystem::path(home) / ".cache"
                                                                     : std::filesystem::path(".");
  return (base / "tersegraph" / "rates.json").string();
}

Rates read_rates(const std::string& path) {
  if (!std::filesystem::exists(path)) {
    fail_input("{}: no rates of this machine; measure them once: tersegraph plan --calibrate", path);
  }
  Rates rates;
  try {
    const auto json = nlohmann::json::parse(read_file(path));
    if (json.at("version") != Rates::kVersion) {
      fail_input("{}: rates of version {}; measure them again: tersegraph plan --calibrate", path,
                 json.at("version").dump());
    }
    rates.machine = json.at("machine");
    rates.cores = json.at("cores");
    for (const auto& [name, table] : json.at("tables").items()) {
      rates.tables[name] = {table.at("x"), table.at("y"), table.at("seconds")};
    }
    rates.numbers = json.at("numbers");
  } catch (const nlohmann::json::exception&) {
    fail_input("{} holds no rates; measure them again: tersegraph plan --calibrate", path);
  }
  if (!whole(rates)) fail_input("{} lacks rates; measure them again: tersegraph plan --calibrate", path);
  return rates;
}

void write_rates(const Rates& rates, const std::string& path) {
  nlohmann::ordered_json json = {{"version", Rates::kVersion}, {"machine", rates.machine}, {"cores", rates.cores}};
  for (const auto& [name, table] : rates.tables) {
    json["tables"][name] = {{"x", table.x}, {"y", table.y}, {"seconds", table.seconds}};
  }
  json["numbers"] = rates.numbers;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  write_file_atomically(path, json.dump(1) + "\n");
}

std::string machine_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name") && line.find(": ") != std::string::npos) return line.substr(line.find(": ") + 2);
  }
  return "unknown";
}

}  // namespace tersegraph
