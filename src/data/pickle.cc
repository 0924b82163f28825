#include "data/pickle.h"

#include <algorithm>
#include <bit>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "data/little_endian.h"
#include "data/pickle_opcodes.h"

namespace tersegraph {
namespace {

using namespace pickle_opcodes;
using Kind = PickleValue::Kind;

// Far more than an array or a matrix takes, and little enough to bound what a hostile file can make us hold.
constexpr size_t kMostValues = size_t{1} << 20;
constexpr size_t kMostItems = size_t{1} << 22;
constexpr size_t kLongestName = 128;

// The names that numpy and scipy, old and new, write into pickles of arrays and CSR matrices.
constexpr std::string_view kReconstruct[] = {"numpy.core.multiarray _reconstruct",
                                             "numpy._core.multiarray _reconstruct"};
constexpr std::string_view kScalar[] = {"numpy.core.multiarray scalar", "numpy._core.multiarray scalar"};
constexpr std::string_view kCsrMatrix[] = {"scipy.sparse.csr csr_matrix", "scipy.sparse._csr csr_matrix",
                                           "scipy.sparse._csr csr_array"};
constexpr std::string_view kDtype[] = {"numpy dtype"};
// Planetoid's graphs are dictionaries whose missing keys are empty lists.
constexpr std::string_view kDefaultDict[] = {"collections defaultdict"};
constexpr std::string_view kList[] = {"__builtin__ list", "builtins list"};
constexpr std::string_view kArray[] = {"numpy ndarray"};

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

/// The stack machine of Python's pickle format (pickletools.py describes the opcodes).
class PickleMachine {
 public:
  PickleMachine(Pickle& pickle, std::span<const std::byte> bytes) : pickle_(pickle), rest_(bytes) {}

  void run() {
    while (step(static_cast<uint8_t>(take(1)[0]))) {
    }
    pickle_.root_ = pop();
  }

 private:
  bool step(uint8_t opcode);
  bool step_scalar(uint8_t opcode);
  bool step_container(uint8_t opcode);

  [[noreturn]] void malformed(std::string_view why) const { pickle_.malformed(why); }

  std::span<const std::byte> take(uint64_t count) {
    if (count > rest_.size()) malformed("it is cut short");
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  template <class T>
  T number() {
    return get<T>(take(sizeof(T)), 0);
  }
  std::string line() {
    std::string text;
    for (char c = static_cast<char>(take(1)[0]); c != '\n'; c = static_cast<char>(take(1)[0])) text.push_back(c);
    return name_of(text);
  }

  std::string name_of(std::string_view text) const {
    if (text.size() > kLongestName) malformed("a name is too long");
    return std::string(text);
  }
  std::string name_of(const PickleValue& value) const { return name_of(value.text()); }

  PickleValue& top() {
    if (stack_.size() <= floor()) malformed("its stack is empty");
    return pickle_.values_[stack_.back()];
  }
  uint32_t pop() {
    top();
    const uint32_t value = stack_.back();
    stack_.pop_back();
    return value;
  }
  const PickleValue& pop_value() { return pickle_.values_[pop()]; }
  /// Values below the last mark are out of reach.
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  std::vector<uint32_t> pop_last(size_t count) {
    if (stack_.size() - floor() < count) malformed("its stack is empty");
    std::vector<uint32_t> items(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }
  std::vector<uint32_t> pop_to_mark() {
    if (marks_.empty()) malformed("a mark is missing");
    std::vector<uint32_t> items = pop_last(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }

  PickleValue& push(Kind kind) {
    if (pickle_.values_.size() == kMostValues) malformed("it holds too many values");
    stack_.push_back(static_cast<uint32_t>(pickle_.values_.size()));
    PickleValue& value = pickle_.values_.emplace_back();
    value.kind = kind;
    return value;
  }
  void push_integer(int64_t integer) { push(Kind::integer).integer = integer; }
  void push_text(uint64_t length) { push(Kind::text).bytes = take(length); }
  void push_items(Kind kind, const std::vector<uint32_t>& items) { append(push(kind), items); }
  void append(PickleValue& value, const std::vector<uint32_t>& items) {
    items_ += items.size();
    if (items_ > kMostItems) malformed("it holds too many values");
    value.items.insert(value.items.end(), items.begin(), items.end());
  }
  void push_global(std::string name);
  void push_memo(uint32_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) malformed("it asks for a value it never kept");
    stack_.push_back(found->second);
  }
  void keep(uint32_t key) {
    top();
    memo_[key] = stack_.back();
  }

  void extend(Kind kind, const std::vector<uint32_t>& items) {
    PickleValue& container = top();
    if (container.kind != kind || (kind == Kind::dict && items.size() % 2 != 0))
      malformed("items go into no container");
    append(container, items);
  }
  void push_long(size_t length) {
    if (length > 8) malformed("a number has over 64 bits");
    uint64_t bits = 0;
    const auto bytes = take(length);
    for (size_t i = 0; i < length; ++i) bits |= static_cast<uint64_t>(bytes[i]) << (8 * i);
    const bool negative = length > 0 && (static_cast<uint8_t>(bytes[length - 1]) & 0x80) != 0;
    if (negative && length < 8) bits |= ~uint64_t{0} << (8 * length);
    push_integer(static_cast<int64_t>(bits));
  }
  void reduce();
  void make_object();
  void build();
  void build_array(PickleValue& array, const PickleValue& state);

  Pickle& pickle_;
  std::span<const std::byte> rest_;
  std::vector<uint32_t> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, uint32_t> memo_;
  size_t items_ = 0;
};

bool PickleMachine::step(uint8_t opcode) {
  if (stack_.size() > kMostValues || marks_.size() > kMostValues) malformed("it holds too many values");
  switch (opcode) {
    case STOP:
      return false;
    case PROTO:
      take(1);
      break;
    case FRAME:
      take(8);
      break;
    case BINPUT:
      keep(number<uint8_t>());
      break;
    case LONG_BINPUT:
      keep(number<uint32_t>());
      break;
    case MEMOIZE:
      keep(static_cast<uint32_t>(memo_.size()));
      break;
    case BINGET:
      push_memo(number<uint8_t>());
      break;
    case LONG_BINGET:
      push_memo(number<uint32_t>());
      break;
    case REDUCE:
      reduce();
      break;
    case NEWOBJ:
      make_object();
      break;
    case BUILD:
      build();
      break;
    case GLOBAL: {
      const std::string module = line();
      push_global(module + " " + line());
      break;
    }
    case STACK_GLOBAL: {
      const std::vector<uint32_t> words = pop_last(2);
      push_global(name_of(pickle_.at(words[0])) + " " + name_of(pickle_.at(words[1])));
      break;
    }
    default:
      if (!step_scalar(opcode) && !step_container(opcode)) {
        malformed(fmt::format("opcode {:#04x} is not known", opcode));
      }
  }
  return true;
}

bool PickleMachine::step_scalar(uint8_t opcode) {
  switch (opcode) {
    case NONE:
      push(Kind::none);
      return true;
    case NEWTRUE:
      push(Kind::boolean).integer = 1;
      return true;
    case NEWFALSE:
      push(Kind::boolean).integer = 0;
      return true;
    case BININT:
      push_integer(static_cast<int32_t>(number<uint32_t>()));
      return true;
    case BININT1:
      push_integer(number<uint8_t>());
      return true;
    case BININT2:
      push_integer(number<uint16_t>());
      return true;
    case LONG1:
      push_long(number<uint8_t>());
      return true;
    case BINFLOAT: {  // big-endian
      uint64_t bits = 0;
      for (const std::byte byte : take(8)) bits = bits << 8 | static_cast<uint64_t>(byte);
      push(Kind::real).real = std::bit_cast<double>(bits);
      return true;
    }
    case SHORT_BINSTRING:
    case SHORT_BINBYTES:
    case SHORT_BINUNICODE:
      push_text(number<uint8_t>());
      return true;
    case BINSTRING:
    case BINBYTES:
    case BINUNICODE:
      push_text(number<uint32_t>());
      return true;
    case BINBYTES8:
    case BINUNICODE8:
      push_text(number<uint64_t>());
      return true;
    default:
      return false;
  }
}

bool PickleMachine::step_container(uint8_t opcode) {
  switch (opcode) {
    case MARK:
      marks_.push_back(stack_.size());
      return true;
    case EMPTY_TUPLE:
      push(Kind::tuple);
      return true;
    case TUPLE:
      push_items(Kind::tuple, pop_to_mark());
      return true;
    case TUPLE1:
    case TUPLE2:
    case TUPLE3:
      push_items(Kind::tuple, pop_last(opcode - TUPLE1 + 1));
      return true;
    case EMPTY_LIST:
      push(Kind::list);
      return true;
    case APPEND:
      extend(Kind::list, pop_last(1));
      return true;
    case APPENDS:
      extend(Kind::list, pop_to_mark());
      return true;
    case EMPTY_DICT:
      push(Kind::dict);
      return true;
    case SETITEM:
      extend(Kind::dict, pop_last(2));
      return true;
    case SETITEMS:
      extend(Kind::dict, pop_to_mark());
      return true;
    default:
      return false;
  }
}

void PickleMachine::push_global(std::string name) {
  const std::span<const std::string_view> allowed[] = {kReconstruct, kScalar,      kCsrMatrix, kDtype,
                                                       kArray,       kDefaultDict, kList};
  const bool known =
      std::any_of(std::begin(allowed), std::end(allowed), [&](const auto& names) { return is_one_of(name, names); });
  if (!known)
    malformed(fmt::format("it names '{}', and only numpy arrays, scipy CSR matrices and dictionaries are read", name));
  push(Kind::global).name = std::move(name);
}

void PickleMachine::reduce() {
  const std::vector<uint32_t>& arguments = pop_value().items;
  const PickleValue& function = pop_value();
  if (function.kind != Kind::global) malformed("it calls what is no function");
  if (is_one_of(function.name, kReconstruct)) {
    push(Kind::array);
  } else if (is_one_of(function.name, kDefaultDict)) {
    push(Kind::dict);
  } else if (is_one_of(function.name, kDtype) && !arguments.empty()) {
    push(Kind::dtype).name = name_of(pickle_.at(arguments[0]));
  } else if (is_one_of(function.name, kScalar) && arguments.size() == 2) {
    push(Kind::tuple);
    const uint32_t no_extents = pop();
    PickleValue& scalar = push(Kind::array);
    scalar.items = {no_extents, arguments[0]};
    scalar.bytes = pickle_.at(arguments[1]).bytes;
  } else {
    malformed(fmt::format("it calls '{}'", function.name));
  }
}

void PickleMachine::make_object() {
  pop();  // the arguments, which a CSR matrix does not have
  const PickleValue& type = pop_value();
  if (type.kind != Kind::global || !is_one_of(type.name, kCsrMatrix)) malformed("it makes an object of another class");
  push(Kind::csr_matrix);
}

void PickleMachine::build() {
  const PickleValue& state = pop_value();
  PickleValue& object = top();
  if (object.kind == Kind::array) {
    build_array(object, state);
  } else if (object.kind == Kind::dtype && state.items.size() >= 2) {
    object.name = name_of(name_of(pickle_.at(state.items[1])) + object.name);
  } else if (object.kind == Kind::csr_matrix && object.items.empty() && state.kind == Kind::dict) {
    append(object, state.items);
  } else {
    malformed("it sets the state of what has none");
  }
}

void PickleMachine::build_array(PickleValue& array, const PickleValue& state) {
  if (state.kind != Kind::tuple || state.items.size() != 5) malformed("the state of an array is not numpy's");
  array.items = {state.items[1], state.items[2]};
  array.integer = pickle_.at(state.items[3]).integer;
  const PickleValue& data = pickle_.at(state.items[4]);
  if (data.kind == Kind::list) {
    array.items.push_back(state.items[4]);
  } else {
    array.bytes = data.bytes;
  }
}

Pickle::Pickle(std::span<const std::byte> bytes, std::string what) : what_(std::move(what)) {
  PickleMachine(*this, bytes).run();
}

const PickleValue* Pickle::find(const PickleValue& dict, std::string_view key) const {
  if (dict.kind != Kind::dict && dict.kind != Kind::csr_matrix) return nullptr;
  for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    const PickleValue& candidate = at(dict.items[i]);
    if (candidate.kind == Kind::text && candidate.text() == key) return &at(dict.items[i + 1]);
  }
  return nullptr;
}

ArrayView Pickle::array(const PickleValue& value, std::string_view part) const {
  if (value.kind != Kind::array || value.items.size() != 2 || at(value.items[1]).kind != Kind::dtype) {
    malformed(fmt::format("'{}' is no array of numbers", part));
  }
  std::string what = fmt::format("{}, '{}' in it", what_, part);
  const DType dtype = parse_dtype(at(value.items[1]).name, what);
  return make_array(std::move(what), dtype, integers(at(value.items[0])), value.integer != 0, value.bytes);
}

std::vector<int64_t> Pickle::integers(const PickleValue& tuple) const {
  if (tuple.kind != Kind::tuple) malformed("a shape is no tuple");
  std::vector<int64_t> numbers;
  for (const uint32_t item : tuple.items) numbers.push_back(integer(at(item)));
  return numbers;
}

int64_t Pickle::integer(const PickleValue& value) const {
  if (value.kind == Kind::integer) return value.integer;
  // Only a scalar has no extents, so this goes no deeper.
  if (value.kind == Kind::array && value.items.size() == 2 && at(value.items[0]).items.empty()) {
    return to_integer(array(value, "a number"));
  }
  malformed("a shape holds what is no number");
}

void Pickle::malformed(std::string_view why) const {
  fail_input("{}: its pickle cannot be read: {}", what_, why);
}

}  // namespace tersegraph
