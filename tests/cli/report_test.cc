// `tersegraph report` as its users see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/program.h"

namespace tersegraph::testing {
namespace {

using ::testing::HasSubstr;

TEST(Report, WritesIntoTheFolderOfARunAndElsewhereWhereAsked) {
  const TemporaryFolder folder;
  train_briefly(folder, "a");
  train_briefly(folder, "b");
  Ended ended = run_tersegraph({"report", "a"}, folder.file(""));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("a/report.html"));
  EXPECT_THAT(read_bytes(folder.file("a/report.html")), HasSubstr("<h1>a</h1>"));
  ended = run_tersegraph({"report", "a", "b"}, folder.file(""));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(read_bytes(folder.file("report.html")), HasSubstr("2 runs compared"));
  ended = run_tersegraph({"report", "a", "b", "--out", "page.html"}, folder.file(""));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(read_bytes(folder.file("page.html")), read_bytes(folder.file("report.html")));
}

TEST(Report, RefusesInOneLineWhatIsNoRun) {
  const TemporaryFolder folder;
  folder.write("file", "text");
  for (const std::string run : {"nowhere", ".", "file"}) {
    const Ended ended = run_tersegraph({"report", run}, folder.file(""));
    EXPECT_EQ(ended.code, 2) << run;
    EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr(run));
  }
  EXPECT_EQ(run_tersegraph({"report"}, folder.file("")).code, 2);
}

}  // namespace
}  // namespace tersegraph::testing
