// The file format, by damage; and which files a folder keeps and trusts.
#include "run/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/rng.h"
#include "data/npz_files.h"

namespace tersegraph {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::read_bytes;
using testing::TemporaryFolder;

SavedState some_state(int64_t numbers = 100) {
  SavedState state;
  std::vector<float> values(static_cast<size_t>(numbers));
  for (int64_t i = 0; i < numbers; ++i) values[i] = static_cast<float>(i) / 7;
  state.set_values("values", values);
  state.set("epoch", int64_t{12});
  state.set_bytes("none", {});
  return state;
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

TEST(CheckpointFile, GivesBackWhatWasWritten) {
  const TemporaryFolder folder;
  write_checkpoint(folder.file("a"), some_state());
  EXPECT_EQ(folder.files(), 1u);
  const std::string bytes = read_bytes(folder.file("a"));
  EXPECT_EQ(read_checkpoint(bytes_of(bytes), "a").parts(), some_state().parts());
}

TEST(CheckpointFile, NoTruncatedOneIsTaken) {
  const TemporaryFolder folder;
  write_checkpoint(folder.file("a"), some_state());
  const std::string bytes = read_bytes(folder.file("a"));
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    ASSERT_THROW(read_checkpoint(bytes_of(cut), "a"), RunError) << size;
  }
  const std::string longer = bytes + '\0';
  EXPECT_THROW(read_checkpoint(bytes_of(longer), "a"), RunError);
}

TEST(CheckpointFile, NoBitCanFlipUnnoticed) {
  const TemporaryFolder folder;
  write_checkpoint(folder.file("a"), some_state());
  std::string bytes = read_bytes(folder.file("a"));
  for (size_t i = 0; i < bytes.size() * 8; ++i) {
    bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ 1 << i % 8);
    ASSERT_THROW(read_checkpoint(bytes_of(bytes), "a"), RunError) << "bit " << i;
    bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ 1 << i % 8);
  }
}

TEST(CheckpointFile, RandomBytesAreRefusedWithoutAsking) {
  const TemporaryFolder folder;
  write_checkpoint(folder.file("a"), some_state(3));
  const std::string good = read_bytes(folder.file("a"));
  Random random(1, Purpose::shuffle);
  for (int trial = 0; trial < 20000; ++trial) {
    std::string bytes = good;
    for (int64_t changes = 1 + random.below(12); changes > 0; --changes) {
      bytes[random.below(std::ssize(bytes))] = static_cast<char>(random.bits());
    }
    if (bytes == good) continue;
    ASSERT_THROW(read_checkpoint(bytes_of(bytes), "a"), RunError);
  }
}

TEST(SavedState, TellsMissingPartsAndOtherSizes) {
  std::vector<float> room(99);
  EXPECT_THAT(error_of<RunError>([&] { some_state().read_values("values", std::span(room)); }), HasSubstr("'values'"));
  EXPECT_THAT(error_of<RunError>([] { some_state().get<double>("loss"); }), HasSubstr("'loss'"));
}

class Folder : public ::testing::Test {
 protected:
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& file : std::filesystem::directory_iterator(folder_.file("checkpoint"))) {
      all.push_back(file.path().filename());
    }
    std::ranges::sort(all);
    return all;
  }

  TemporaryFolder folder_;
  CheckpointFolder checkpoints_{folder_.file("checkpoint")};
  int warnings_ = 0;
  std::function<void(const std::string&)> count_ = [this](const std::string&) { ++warnings_; };
};

TEST_F(Folder, KeepsTheTwoNewest) {
  for (const int64_t epoch : {5, 10, 15}) checkpoints_.save({0, epoch}, some_state());
  EXPECT_THAT(names(), ElementsAre("epoch-000010.tsgc", "epoch-000015.tsgc"));
  checkpoints_.save({1, 0}, some_state());
  EXPECT_THAT(names(), ElementsAre("epoch-000015.tsgc", "run-0001-epoch-000000.tsgc"));
  checkpoints_.save({1, 2000000}, some_state());
  EXPECT_EQ(checkpoints_.newest(count_)->place, (CheckpointPlace{1, 2000000}));
}

TEST_F(Folder, SweepsWhatKilledProcessesLeft) {
  checkpoints_.save({0, 1}, some_state());
  folder_.write("checkpoint/epoch-000002.tsgc.99-0.tmp", "half");
  EXPECT_EQ(checkpoints_.newest(count_)->place.epoch, 1);
  checkpoints_.save({0, 2}, some_state());
  EXPECT_THAT(names(), ElementsAre("epoch-000001.tsgc", "epoch-000002.tsgc"));
}

TEST_F(Folder, FallsBackToTheOneBefore) {
  checkpoints_.save({0, 7}, some_state());
  checkpoints_.save({0, 8}, some_state());
  const std::string newest = folder_.file("checkpoint/epoch-000008.tsgc");
  std::filesystem::resize_file(newest, std::filesystem::file_size(newest) / 2);
  EXPECT_EQ(checkpoints_.newest(count_)->place.epoch, 7);
  EXPECT_EQ(warnings_, 1);
  folder_.write("checkpoint/epoch-000007.tsgc", "");
  EXPECT_FALSE(checkpoints_.newest(count_).has_value());
  EXPECT_EQ(warnings_, 3);
}

TEST_F(Folder, DoesNotTakeOneUnderAnothersName) {
  checkpoints_.save({0, 7}, some_state());
  checkpoints_.save({0, 8}, some_state());
  const std::string older = folder_.file("checkpoint/epoch-000007.tsgc"),
                    newest = folder_.file("checkpoint/epoch-000008.tsgc");
  std::filesystem::copy_file(older, newest, std::filesystem::copy_options::overwrite_existing);
  std::string warning;
  EXPECT_EQ(checkpoints_.newest([&](const std::string& words) { warning += words; })->place.epoch, 7);
  EXPECT_THAT(warning, HasSubstr("epoch-000008.tsgc is of epoch 7 of run 1"));
}

TEST_F(Folder, AFolderThatHasGoneIsAnErrorOfTheRun) {
  const CheckpointFolder gone(folder_.file("run/checkpoint"));
  EXPECT_THROW(gone.save({0, 1}, some_state()), RunError);
  EXPECT_FALSE(gone.newest(count_).has_value());
}

}  // namespace
}  // namespace tersegraph
