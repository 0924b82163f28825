#include "run/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "data/npz_files.h"
#include "run/report_axis.h"
#include "run/report_chart.h"
#include "run/report_html.h"
#include "tersegraph/tersegraph.h"

namespace tersegraph {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::read_bytes;
using testing::TemporaryFolder;

/// What is wrong with the nesting of the page's elements, as XML has them; "" for nothing.
std::string mistake_in(const std::string& page) {
  std::vector<std::string> open;
  size_t at = page.find("<html");
  while ((at = page.find('<', at)) != std::string::npos) {
    const size_t end = page.find('>', at);
    if (end == std::string::npos) return "a tag without an end";
    const std::string tag = page.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" \n"));
    if (name.starts_with("/")) {
      if (open.empty() || open.back() != name.substr(1)) return "unexpected <" + name + ">";
      open.pop_back();
    } else if (!tag.ends_with("/")) {
      open.push_back(name);
    }
    at = end;
  }
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

std::string data_words() {
  return "sbm:nodes=300,edges=1500,features=12,classes=4,seed=3";
}

RunConfig small_run(const TemporaryFolder& folder, const std::string& out) {
  RunConfig config;
  config.data = data_words();
  config.hidden = 16;
  config.epochs = 6;
  config.threads = 1;
  config.out = folder.file(out);
  config.quiet = true;
  return config;
}

TEST(Report, OfOneRankHoldsItsFiguresAndCharts) {
  const TemporaryFolder folder;
  const RunOutcome outcome = run_training(small_run(folder, "one"));
  const std::string page = report_page({outcome.directory});
  EXPECT_EQ(mistake_in(page), "");
  EXPECT_THAT(page, HasSubstr(value_words(Unit::share, *outcome.runs[0].test_accuracy)));
  EXPECT_THAT(page, HasSubstr("300, 0 of them isolated"));
  EXPECT_THAT(page, HasSubstr("Confusion matrix"));
  EXPECT_THAT(page, HasSubstr("id=\"loss-title\""));
  EXPECT_THAT(page, HasSubstr("id=\"time-title\""));
  EXPECT_THAT(page, Not(HasSubstr("objective-title")));
}

TEST(Report, OfSeveralRanksHasTheirTraffic) {
  const TemporaryFolder folder;
  RunConfig config = small_run(folder, "four");
  config.ranks = 4;
  config.exchange = "uniform";
  config.bits = 4;
  const std::string page = report_page({run_training(config).directory});
  EXPECT_EQ(mistake_in(page), "");
  EXPECT_THAT(page, HasSubstr("Bytes from rank to rank"));
  EXPECT_THAT(page, HasSubstr("halo forward"));
  EXPECT_THAT(page, HasSubstr("4.00 bits"));
  EXPECT_THAT(page, HasSubstr("hidden behind computation"));
}

TEST(Report, OfAdmmHasObjectiveAndResiduals) {
  const TemporaryFolder folder;
  RunConfig config = small_run(folder, "admm");
  config.model = "gamlp";
  config.optimizer = "admm";
  config.layers = 4;
  config.epochs = 0;
  config.quantize = "pq";
  config.ranks = 2;
  const std::string page = report_page({run_training(config).directory});
  EXPECT_EQ(mistake_in(page), "");
  EXPECT_THAT(page, HasSubstr("id=\"objective-title\""));
  EXPECT_THAT(page, HasSubstr("id=\"residuals-title\""));
  EXPECT_THAT(page, HasSubstr("logarithmic"));
}

TEST(Report, OfSeveralSeedsHasMeanAndDeviation) {
  const TemporaryFolder folder;
  RunConfig config = small_run(folder, "seeds");
  config.runs = 3;
  const RunOutcome outcome = run_training(config);
  const std::string page = report_page({outcome.directory});
  EXPECT_EQ(mistake_in(page), "");
  EXPECT_THAT(page, HasSubstr(" ± "));
  EXPECT_THAT(page, HasSubstr("Runs by seed"));
  for (const RunResult& run : outcome.runs) EXPECT_THAT(page, HasSubstr(value_words(Unit::share, *run.test_accuracy)));
}

TEST(Report, ComparesRuns) {
  const TemporaryFolder folder;
  RunConfig other = small_run(folder, "other");
  other.ranks = 2;
  other.lr = 0.02;
  const std::string a = run_training(small_run(folder, "plain")).directory, b = run_training(other).directory;
  const std::string page = report_page({a, b});
  EXPECT_EQ(mistake_in(page), "");
  EXPECT_THAT(page, HasSubstr("2 runs compared"));
  EXPECT_THAT(page, HasSubstr("--lr"));
  EXPECT_THAT(page, Not(HasSubstr("--hidden")));
  EXPECT_THAT(page, HasSubstr("id=\"score-by-bytes-title\""));
  EXPECT_THAT(page, HasSubstr("id=\"score-by-seconds-title\""));
}

TEST(Report, TextOfFilesIsNeverMarkup) {
  const TemporaryFolder folder;
  const std::string run = run_training(small_run(folder, "run")).directory;
  const std::string evil = folder.file("<img src=x onerror='alert(1)'>");
  std::filesystem::rename(run, evil);
  for (const std::string& page : {report_page({evil}), report_page({evil, evil})}) {
    EXPECT_EQ(mistake_in(page), "");
    EXPECT_THAT(page, HasSubstr("&lt;img src"));
    EXPECT_THAT(page, Not(HasSubstr("<img")));
  }
}

TEST(Report, SaysWhenTheDataIsGone) {
  const TemporaryFolder folder;
  const std::string run = run_training(small_run(folder, "gone")).directory;
  std::string config = read_bytes(run + "/config.toml");
  config.replace(config.find(data_words()), data_words().size(), "<script>alert(1)</script>");
  folder.write("gone/config.toml", config);
  const std::string page = report_page({run});
  EXPECT_EQ(mistake_in(page), "");
  EXPECT_THAT(page, HasSubstr("could not be read again"));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert"));
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
}

TEST(Report, RefusesWhatIsNoFinishedRun) {
  const TemporaryFolder folder;
  EXPECT_THROW(report_page({folder.file("nowhere")}), InputError);
  const std::string run = run_training(small_run(folder, "run")).directory;
  const std::string metrics = read_bytes(run + "/metrics.jsonl");
  folder.write("run/metrics.jsonl", metrics.substr(0, metrics.size() - 20));
  EXPECT_THROW(report_page({run}), InputError);
  folder.write("run/metrics.jsonl", metrics);
  folder.write("run/summary.json", "[1]");
  EXPECT_THROW(report_page({run}), InputError);
  folder.write("run/summary.json", R"({"a":)" + std::string(200000, '[') + std::string(200000, ']') + "}");
  EXPECT_THROW(report_page({run}), InputError);
  std::filesystem::remove(run + "/summary.json");
  EXPECT_THROW(report_page({run}), InputError);
}

TEST(ReportAxis, TicksAreRoundAndCoverTheValues) {
  const Axis bytes = linear_axis(Unit::bytes, 0, 3.2e6);
  EXPECT_EQ(bytes.unit, "MB");
  EXPECT_EQ(bytes.ticks.front().words, "0");
  EXPECT_GE(bytes.high, 3.2e6);
  EXPECT_NEAR(bytes.position(bytes.high), 1.0, 1e-12);
  const Axis powers = logarithmic_axis(0.02, 30);
  EXPECT_DOUBLE_EQ(powers.low, 0.01);
  EXPECT_DOUBLE_EQ(powers.high, 100);
  EXPECT_NEAR(powers.position(1), 0.5, 1e-12);
  EXPECT_EQ(powers.ticks.size(), 5u);
}

TEST(ReportChart, LeavesAGapWhereAValueIsNotFinite) {
  LineChart chart;
  chart.id = "gap";
  chart.lines = {{"a", {{1, 1}, {2, std::nan("")}, {3, 2}}, 0, false}};
  const std::string html = to_html(chart);
  const size_t path = html.find("<path class=\"line");
  ASSERT_NE(path, std::string::npos);
  const std::string drawn = html.substr(html.find(" d=\"", path) + 4, 60);
  EXPECT_EQ(std::ranges::count(drawn.substr(0, drawn.find('"')), 'M'), 2);
  chart.lines[0].points = {{1, std::nan("")}};
  EXPECT_EQ(to_html(chart), "");
}

TEST(ReportHtml, EscapesWhatMarkupIsMadeOf) {
  EXPECT_EQ(escape_html("<a b=\"c\" d='e'>&\x01"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;\xEF\xBF\xBD");
}

}  // namespace
}  // namespace tersegraph
