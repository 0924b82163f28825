#pragma once

#include <cstdint>

namespace tersegraph::pickle_opcodes {

/// Those of protocols 0 to 4 that pickles of arrays use, under the names of Python's pickletools.
enum Opcode : uint8_t {
  STOP = '.',
  PROTO = 0x80,
  FRAME = 0x95,
  BINPUT = 'q',
  LONG_BINPUT = 'r',
  MEMOIZE = 0x94,
  BINGET = 'h',
  LONG_BINGET = 'j',
  REDUCE = 'R',
  NEWOBJ = 0x81,
  BUILD = 'b',
  GLOBAL = 'c',
  STACK_GLOBAL = 0x93,
  NONE = 'N',
  NEWTRUE = 0x88,
  NEWFALSE = 0x89,
  BININT = 'J',
  BININT1 = 'K',
  BININT2 = 'M',
  LONG1 = 0x8a,
  BINFLOAT = 'G',
  SHORT_BINSTRING = 'U',
  SHORT_BINBYTES = 'C',
  SHORT_BINUNICODE = 0x8c,
  BINSTRING = 'T',
  BINBYTES = 'B',
  BINUNICODE = 'X',
  BINBYTES8 = 0x8e,
  BINUNICODE8 = 0x8d,
  MARK = '(',
  EMPTY_TUPLE = ')',
  TUPLE = 't',
  TUPLE1 = 0x85,
  TUPLE2 = 0x86,
  TUPLE3 = 0x87,
  EMPTY_LIST = ']',
  APPEND = 'a',
  APPENDS = 'e',
  EMPTY_DICT = '}',
  SETITEM = 's',
  SETITEMS = 'u'
};

}  // namespace tersegraph::pickle_opcodes
