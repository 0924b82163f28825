#include "data/npy.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "data/npz_files.h"

namespace tersegraph {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ArrayView parse(const std::string& bytes) {
  return parse_npy(std::as_bytes(std::span(bytes)), "a.npy");
}

template <class T>
std::string big_endian(T value) {
  std::string bytes = little(value);
  std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

template <class T>
void expect_reads(std::string_view type, std::vector<T> values) {
  std::string little_bytes, big_bytes;
  for (const T value : values) {
    little_bytes += little(value);
    big_bytes += big_endian(value);
  }
  const std::vector<float> expected(values.begin(), values.end());
  const std::string shape = fmt::format("({},)", values.size());
  const std::string plain = npy(std::string(sizeof(T) == 1 ? "|" : "<").append(type), shape, little_bytes);
  const std::string swapped = npy(std::string(">").append(type), shape, big_bytes);
  EXPECT_EQ(to_vector<float>(parse(plain)), expected) << type;
  EXPECT_EQ(to_vector<float>(parse(swapped)), expected) << type;
  if constexpr (std::is_integral_v<T>) {
    const std::vector<int64_t> whole(values.begin(), values.end());
    EXPECT_EQ(to_vector<int64_t>(parse(plain)), whole) << type;
    EXPECT_EQ(to_vector<int64_t>(parse(swapped)), whole) << type;
  }
}

TEST(Npy, ReadsEveryTypeInBothByteOrders) {
  expect_reads<uint8_t>("u1", {0, 1, 255});
  expect_reads<int8_t>("i1", {0, -128, 127});
  expect_reads<uint16_t>("u2", {0, 258, 65535});
  expect_reads<int16_t>("i2", {0, 258, -32768});
  expect_reads<uint32_t>("u4", {0, 0x01020304, 4294967295u});
  expect_reads<int32_t>("i4", {0, 0x01020304, -2147483647 - 1});
  expect_reads<uint64_t>("u8", {0, 0x0102030405060708u});
  expect_reads<int64_t>("i8", {0, 0x0102030405060708, std::numeric_limits<int64_t>::min()});
  expect_reads<float>("f4", {0, 1.5f, -3.25e30f});
  expect_reads<double>("f8", {0, 0.1, -3.25e30});
  EXPECT_THAT(to_vector<uint8_t>(parse(npy("|b1", "(3,)", std::string("\0\1\7", 3)))), ElementsAre(0, 1, 1));
}

TEST(Npy, ReadsHalfPrecision) {
  // IEEE 754 binary16: 1, -2, the smallest subnormal, the largest number, infinity, NaN.
  const std::vector<uint16_t> bits = {0x3C00, 0xC000, 0x0001, 0x7BFF, 0x7C00, 0x7E00};
  const std::vector<float> values = to_vector<float>(parse(npy("<f2", "(6,)", raw(bits))));
  EXPECT_EQ(values[0], 1.0f);
  EXPECT_EQ(values[1], -2.0f);
  EXPECT_EQ(values[2], std::ldexp(1.0f, -24));
  EXPECT_EQ(values[3], 65504.0f);
  EXPECT_TRUE(std::isinf(values[4]));
  EXPECT_TRUE(std::isnan(values[5]));
}

TEST(Npy, FortranOrderIsTurnedAround) {
  const std::vector<int32_t> columns = {1, 4, 2, 5, 3, 6};
  const std::string fortran = npy("<i4", "(2, 3)", raw(columns), true);
  EXPECT_THAT(to_vector<int32_t>(parse(fortran)), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(to_vector<float>(parse(fortran)), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(to_vector<int32_t>(parse(npy("<i4", "(6,)", raw(columns), true))), ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(error_of<InputError>([&] { parse(npy("<i4", "(1, 2, 3)", raw(columns), true)); }), HasSubstr("Fortran"));
}

TEST(Npy, ReadsVersionsAndSpellings) {
  const std::string data = raw(std::vector<int32_t>{7, 8});
  for (const int version : {1, 2, 3}) {
    EXPECT_THAT(to_vector<int32_t>(parse(npy("<i4", "(2,)", data, false, version))), ElementsAre(7, 8)) << version;
  }
  EXPECT_THAT(parse(npy("<i4", "(2L,1L)", data)).shape, ElementsAre(2, 1));
  EXPECT_THAT(to_vector<int32_t>(parse(npy("<i4", "(0, 5)", ""))), ElementsAre());
  EXPECT_EQ(to_integer(parse(npy("<i4", "()", data.substr(0, 4)))), 7);
  EXPECT_EQ(to_integer(parse(npy("<i4", "(1,)", data.substr(0, 4)))), 7);
}

TEST(Npy, WhatDoesNotFitIsAnInputError) {
  const std::string wide = npy("<i8", "(2,)", raw(std::vector<int64_t>{5, int64_t{1} << 31}));
  EXPECT_THAT(error_of<InputError>([&] { to_vector<int32_t>(parse(wide)); }), HasSubstr("element 1"));
  const std::string negative = npy("<i4", "(1,)", raw(std::vector<int32_t>{-1}));
  EXPECT_THAT(error_of<InputError>([&] { to_vector<uint8_t>(parse(negative)); }), HasSubstr("element 0"));
  const std::string unsigned_wide = npy("<u8", "(1,)", raw(std::vector<uint64_t>{~uint64_t{0}}));
  EXPECT_THAT(error_of<InputError>([&] { to_vector<int64_t>(parse(unsigned_wide)); }), HasSubstr("range"));
  const std::string fractions = npy("<f4", "(1,)", raw(std::vector<float>{1}));
  EXPECT_THAT(error_of<InputError>([&] { to_vector<int32_t>(parse(fractions)); }), HasSubstr("whole numbers"));
  EXPECT_THAT(error_of<InputError>([&] { to_integer(parse(wide)); }), HasSubstr("one number"));
}

TEST(Npy, MalformedFilesAreInputErrors) {
  const std::string data = raw(std::vector<int32_t>{7, 8});
  const std::string good = npy("<i4", "(2,)", data);
  const auto header = [](const std::string& text) {
    return std::string("\x93NUMPY\1\0", 8) + little(static_cast<uint16_t>(text.size())) + text;
  };
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "no numpy array"},
      {"PK\3\4 something else", "no numpy array"},
      {npy("<i4", "(2,)", data, false, 4), "version 4"},
      {good.substr(0, 30), "damaged"},
      {good.substr(0, good.size() - 1), "needs 8"},
      {good + "x", "needs 8"},
      {npy("<i4", "(4611686018427387904, 2)", data), "impossible"},
      {npy("<i4", "(9223372036854775807,)", data), "impossible"},
      {npy("<i4", "(99999999999999999999,)", data), "impossible"},
      {npy("<i4", "(-2,)", data), "impossible"},
      {npy("|O", "(4611686018427387904, 4)", data), "impossible"},
      {npy("<i3", "(2,)", data), "dtype"},
      {npy("|i4", "(2,)", data), "dtype"},
      {npy("<U19", "(2,)", data), "dtype"},
      {npy("<i4", "2", data), "cannot be read"},
      {npy("<i4", "(2", data), "cannot be read"},
      {npy("<i4", "(,)", data), "cannot be read"},
      {header("{'descr': '<i4', 'fortran_order': False}"), "cannot be read"},
      {header("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2,)}"), "structured"},
      {header("{'descr': '<i4"), "cannot be read"},
      {header("{'descr': '<i4', 'fortran_order': 1, 'shape': (2,)}"), "cannot be read"},
      {header("{'descr': '<i4', 'colour': 'red'}"), "cannot be read"},
      {header(""), "no numpy array"},
      {header("  "), "cannot be read"},
  };
  for (const auto& [bytes, message] : table) {
    EXPECT_THAT(error_of<InputError>([&, &bytes = bytes] { parse(bytes); }), HasSubstr(message)) << bytes;
  }
}

TEST(Npy, WritesWhatNumpyWrites) {
  const TemporaryFolder folder;
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  const std::vector<int64_t> shape = {2, 3};
  write_npy<float>(folder.file("a.npy"), values, shape);
  const std::string bytes = read_bytes(folder.file("a.npy"));
  // numpy.save(a, np.arange(1, 7, dtype="f4").reshape(2, 3)) makes these bytes.
  std::string expected("\x93NUMPY\1\0\x76\0", 10);
  expected += "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  expected.append(127 - expected.size(), ' ');
  expected += "\n" + raw(values);
  EXPECT_EQ(bytes, expected);
  EXPECT_EQ(folder.files(), 1u);
}

TEST(Npy, WritesVectors) {
  const TemporaryFolder folder;
  const std::vector<int64_t> values = {-1, int64_t{1} << 40}, shape = {2};
  write_npy<int64_t>(folder.file("a.npy"), values, shape);
  const std::string bytes = read_bytes(folder.file("a.npy"));
  EXPECT_THAT(bytes, HasSubstr("'shape': (2,)"));
  EXPECT_EQ(to_vector<int64_t>(parse(bytes)), values);
}

}  // namespace
}  // namespace tersegraph
