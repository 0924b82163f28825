#include "train/saved_result.h"

namespace tersegraph {
namespace {

/// Walks over a result's members, which append_result writes and read_result fills.
class Writer {
 public:
  explicit Writer(std::vector<std::byte>& bytes) : bytes_(bytes) {}

  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void operator()(const T& value) { append_values(bytes_, &value, 1); }
  void operator()(const std::string& text) {
    (*this)(int64_t{std::ssize(text)});
    append_values(bytes_, text.data(), std::ssize(text));
  }
  template <class T>
  void operator()(const std::optional<T>& value) {
    (*this)(value.has_value());
    if (value) (*this)(*value);
  }
  template <class T>
  void operator()(const std::vector<T>& values) {
    (*this)(int64_t{std::ssize(values)});
    for (const T& value : values) (*this)(value);
  }
  template <class Value, class Order>
  void operator()(const std::map<std::string, Value, Order>& map) {
    (*this)(int64_t{std::ssize(map)});
    for (const auto& [key, value] : map) (*this)(key), (*this)(value);
  }

 private:
  std::vector<std::byte>& bytes_;
};

class Filler {
 public:
  explicit Filler(ByteReader& reader) : reader_(reader) {}

  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void operator()(T& value) { value = reader_.read<T>(); }
  void operator()(bool& value) { value = reader_.read<uint8_t>() != 0; }
  void operator()(std::string& text) {
    text.resize(count(1));
    reader_.read(text.data(), std::ssize(text));
  }
  template <class T>
  void operator()(std::optional<T>& value) {
    bool there = false;
    (*this)(there);
    value.reset();
    if (there) (*this)(value.emplace());
  }
  template <class T>
  void operator()(std::vector<T>& values) {
    values.resize(count(sizeof(int64_t)));
    for (T& value : values) (*this)(value);
  }
  template <class Value, class Order>
  void operator()(std::map<std::string, Value, Order>& map) {
    map.clear();
    for (size_t left = count(sizeof(int64_t)); left > 0; --left) {
      std::string key;
      (*this)(key), (*this)(map[key]);
    }
  }

 private:
  // How many things of at least so many bytes follow.
  size_t count(size_t least) {
    const auto count = reader_.read<int64_t>();
    if (count < 0 || static_cast<size_t>(count) > reader_.left() / least) reader_.fail();
    return static_cast<size_t>(count);
  }

  ByteReader& reader_;
};

template <class Visit, class Metrics>
void visit_metrics(Visit& visit, Metrics& m) {
  visit(m.epoch), visit(m.train_loss), visit(m.learning_rate);
  visit(m.train_accuracy), visit(m.val_accuracy), visit(m.test_accuracy), visit(m.scores);
  visit(m.objective), visit(m.lagrangian), visit(m.residuals);
  visit(m.epoch_seconds), visit(m.seconds), visit(m.bytes), visit(m.mean_bits);
  visit(m.bits), visit(m.width_error), visit(m.guard);
}

template <class Visit, class Result>
void visit_result(Visit visit, Result& r) {
  visit(r.ending);
  visit_metrics(visit, r.best);
  visit_metrics(visit, r.last);
  visit(r.epoch_seconds), visit(r.bytes), visit(r.bytes_between_ranks), visit(r.mean_bits);
  visit(r.facts), visit(r.peak_rss_bytes);
}

}  // namespace

void append_result(std::vector<std::byte>& bytes, const TrainResult& result) {
  visit_result(Writer(bytes), result);
}

TrainResult read_result(ByteReader& reader) {
  TrainResult result;
  visit_result(Filler(reader), result);
  if (result.ending < Ending::finished || result.ending > Ending::diverged) reader.fail();
  return result;
}

}  // namespace tersegraph
