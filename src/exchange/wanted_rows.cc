#include "exchange/wanted_rows.h"

namespace tersegraph {
namespace {

template <class T>
void append_list(std::vector<std::byte>& bytes, const std::vector<T>& list) {
  const int64_t count = std::ssize(list);
  append_values(bytes, &count, 1);
  append_values(bytes, list.data(), count);
}

template <class T>
void read_list(ByteReader& reader, std::vector<T>& list) {
  const auto count = reader.read<int64_t>();
  if (count < 0 || static_cast<size_t>(count) > reader.left() / sizeof(T)) reader.fail();
  list.resize(static_cast<size_t>(count));
  reader.read(list.data(), count);
}

}  // namespace

void append_wanted(const Wanted& wanted, std::vector<std::byte>& bytes) {
  append_list(bytes, wanted.rows);
  append_list(bytes, wanted.destinations);
  append_list(bytes, wanted.lengths);
  append_list(bytes, wanted.terms);
  append_list(bytes, wanted.coefficients);
}

Wanted read_wanted(ByteReader& reader) {
  Wanted wanted;
  read_list(reader, wanted.rows);
  read_list(reader, wanted.destinations);
  read_list(reader, wanted.lengths);
  read_list(reader, wanted.terms);
  read_list(reader, wanted.coefficients);
  int64_t left = std::ssize(wanted.terms);
  for (const int64_t length : wanted.lengths) {
    if (length < 1 || length > left) reader.fail();
    left -= length;
  }
  const bool weighted = !wanted.coefficients.empty();
  if (left != 0 || wanted.lengths.size() != wanted.destinations.size() ||
      (weighted && wanted.coefficients.size() != wanted.terms.size())) {
    reader.fail();
  }
  return wanted;
}

}  // namespace tersegraph
