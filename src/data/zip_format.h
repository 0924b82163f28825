#pragma once

#include <cstddef>
#include <cstdint>

namespace tersegraph::zip_format {

// PKWARE's APPNOTE 6.3.x: signatures, fixed lengths, and the values that say "look into the zip64 record".
constexpr uint32_t kLocalHeader = 0x04034b50, kDirectoryEntry = 0x02014b50;
constexpr uint32_t kEnd = 0x06054b50, kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr size_t kLocalHeaderBytes = 30, kDirectoryEntryBytes = 46;
constexpr size_t kEndBytes = 22, kEnd64Bytes = 56, kEnd64LocatorBytes = 20;
constexpr uint16_t kZip64Extra = 1, kEncrypted = 1;
constexpr uint16_t kSee64Bits16 = 0xFFFF;
constexpr uint32_t kSee64Bits32 = 0xFFFFFFFF;

}  // namespace tersegraph::zip_format
