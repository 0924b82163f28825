#include "data/pickle.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/rng.h"
#include "data/pickles.h"

namespace tersegraph {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Pickle load(const std::string& bytes) {
  return Pickle(std::as_bytes(std::span(bytes)), "a.npz");
}
std::string error_in(const std::string& bytes) {
  return error_of<InputError>([&] { load(bytes); });
}

TEST(Pickle, ReadsPlainValues) {
  // pickle.dumps({'a': (1, -2, 300, None, True), 'b': [2.5, 2**40]}, protocol=4)
  const std::string bytes = "\x80\x04\x95" + little<uint64_t>(50) + "}\x94(\x8c\x01" + "a\x94(K\x01J" + little(-2) +
                            "M" + little<uint16_t>(300) + "N\x88t\x94\x8c\x01" + "b\x94](G" +
                            std::string("\x40\x04\0\0\0\0\0\0", 8) + "\x8a\x06" + std::string("\0\0\0\0\0\1", 6) +
                            "eu.";
  const Pickle pickle = load(bytes);
  const PickleValue* tuple = pickle.find(pickle.root(), "a");
  ASSERT_NE(tuple, nullptr);
  ASSERT_EQ(tuple->items.size(), 5u);
  EXPECT_EQ(pickle.at(tuple->items[1]).integer, -2);
  EXPECT_EQ(pickle.at(tuple->items[2]).integer, 300);
  EXPECT_EQ(pickle.at(tuple->items[3]).kind, PickleValue::Kind::none);
  const PickleValue* list = pickle.find(pickle.root(), "b");
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(pickle.at(list->items[0]).real, 2.5);
  EXPECT_EQ(pickle.at(list->items[1]).integer, int64_t{1} << 40);
  EXPECT_EQ(pickle.find(pickle.root(), "c"), nullptr);
}

TEST(Pickle, ReadsArrays) {
  const std::string bytes = pickled_vector(std::vector<int64_t>{3, -4}) + ".";
  const Pickle pickle = load(bytes);
  EXPECT_THAT(to_vector<int64_t>(pickle.array(pickle.root(), "x")), ElementsAre(3, -4));
}

TEST(Pickle, ReadsScalarsInShapes) {
  const std::string scalar =
      "cnumpy.core.multiarray\nscalar\n" + pickled_dtype("i8", "<") + pickled_bytes(little<int64_t>(77)) + "\x86R";
  const std::string bytes = "(" + scalar + pickled_int(5) + "t.";
  const Pickle pickle = load(bytes);
  EXPECT_THAT(pickle.integers(pickle.root()), ElementsAre(77, 5));
}

TEST(Pickle, MemoGivesTheSameValueAgain) {
  const std::string bytes = "]q\x07(h\x07h\x07" + pickled_int(9) + "e.";  // a list that holds itself, twice
  const Pickle pickle = load(bytes);
  EXPECT_EQ(&pickle.at(pickle.root().items[0]), &pickle.root());
  EXPECT_EQ(pickle.at(pickle.root().items[2]).integer, 9);
}

TEST(Pickle, NothingIsCalled) {
  EXPECT_THAT(error_in("cos\nsystem\n(" + pickled_text("true") + "tR."), HasSubstr("'os system'"));
  EXPECT_THAT(error_in(pickled_text("builtins") + pickled_text("eval") + "\x93."), HasSubstr("'builtins eval'"));
  EXPECT_THAT(error_in("cnumpy\nndarray\n)R."), HasSubstr("calls 'numpy ndarray'"));
  EXPECT_THAT(error_in("cnumpy\nndarray\n)\x81."), HasSubstr("another class"));
}

TEST(Pickle, MalformedPicklesAreInputErrors) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "cut short"},
      {".", "stack is empty"},
      {"K", "cut short"},
      {"B" + little<uint32_t>(0xFFFFFFFF) + "x.", "cut short"},
      {"\x8e" + little(~uint64_t{0}) + "x.", "cut short"},
      {"t.", "mark is missing"},
      {"N(\x85.", "stack is empty"},
      {"N(0.", "not known"},
      {"h\x05.", "never kept"},
      {"q\x05.", "stack is empty"},
      {"NNa.", "no container"},
      {"}(Nu.", "no container"},
      {"]NNs.", "no container"},
      {"NNR.", "no function"},
      {"NNb.", "has none"},
      {"\x8a\x09" + std::string(9, '\1') + ".", "over 64 bits"},
      {"cnumpy\ndtype\n)R.", "calls 'numpy dtype'"},
      {"cnumpy\ndtype\n(" + pickled_text(std::string(1000, 'x')) + "tR.", "too long"},
      {"\x96" + little<uint64_t>(1) + "x.", "not known"},
      {std::string(std::size_t{1} << 21, 'N') + ".", "too many values"},
      {std::string(std::size_t{1} << 21, '(') + ".", "too many values"},
  };
  for (const auto& [bytes, message] : table) EXPECT_THAT(error_in(bytes), HasSubstr(message)) << bytes.substr(0, 40);
}

TEST(Pickle, CopiesOfItemsAreBounded) {
  std::string bytes = "}q\1(";
  for (int i = 0; i < 50'000; ++i) bytes += "NN";
  bytes += "u0";
  bytes.resize(bytes.size() - 1);
  for (int i = 0; i < 1000; ++i) bytes += "cscipy.sparse.csr\ncsr_matrix\n)\x81h\1b";
  EXPECT_THAT(error_in(bytes + "."), HasSubstr("too many values"));
}

TEST(Pickle, DeepNestingIsHarmless) {
  std::string bytes = "N";
  for (int i = 0; i < 500'000; ++i) bytes += "\x85";
  EXPECT_EQ(load(bytes + ".").root().kind, PickleValue::Kind::tuple);
}

TEST(Pickle, WrongArraysAreInputErrors) {
  const auto array_error = [](const std::string& bytes) {
    return error_of<InputError>([&] {
      const Pickle pickle = load(bytes + ".");
      pickle.array(pickle.root(), "x");
    });
  };
  const std::string data = pickled_bytes(raw(std::vector<int32_t>{1, 2}));
  EXPECT_EQ(array_error(pickled_array({2}, pickled_dtype("i4", "<"), data)), "");
  EXPECT_THAT(array_error(pickled_array({3}, pickled_dtype("i4", "<"), data)), HasSubstr("needs 12"));
  EXPECT_THAT(array_error(pickled_array({-2}, pickled_dtype("i4", "<"), data)), HasSubstr("impossible"));
  EXPECT_THAT(array_error(pickled_array({2}, pickled_dtype("V4", "|"), data)), HasSubstr("dtype"));
  EXPECT_THAT(array_error(pickled_array({2}, "N", data)), HasSubstr("no array"));
  EXPECT_THAT(array_error(pickled_array({2}, pickled_dtype("O8", "|"), "](NNe")), HasSubstr("no array"));
  EXPECT_THAT(array_error("N"), HasSubstr("no array"));
  EXPECT_THAT(array_error("cnumpy.core.multiarray\n_reconstruct\n)R"), HasSubstr("no array"));
}

TEST(Pickle, GarbageIsAnInputErrorOrAValue) {
  const std::string whole = pickled_object(pickled_csr(2, 2, {0, 1, 2}, {1, 0}, {1, 1}));
  Random random(1, Purpose::shuffle);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = whole;
    for (int64_t flips = 1 + random.below(4); flips > 0; --flips) {
      bytes[static_cast<size_t>(random.below(std::ssize(bytes)))] = static_cast<char>(random.below(256));
    }
    error_in(bytes);
  }
  for (size_t length = 0; length < whole.size(); ++length) EXPECT_NE(error_in(whole.substr(0, length)), "");
}

}  // namespace
}  // namespace tersegraph
