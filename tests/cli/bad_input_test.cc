// Bad words and bad files: exit code 2, one line on standard error that says what is wrong, and nothing left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <limits>

#include "cli/program.h"
#include "cli/small_graph.h"

namespace tersegraph::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct BadInput {
  std::string name;
  std::vector<std::string> words;  ///< after `tersegraph`
  std::string says;                ///< part of the message
};

void PrintTo(const BadInput& bad, std::ostream* out) {
  *out << bad.name;
}

std::vector<std::string> train(std::vector<std::string> words) {
  words.insert(words.begin(), {"train", "--epochs", "1", "--quiet"});
  return words;
}

std::vector<std::string> admm(std::vector<std::string> words) {
  words.insert(words.begin(), {"train", "--data", "good.npz", "--model", "gamlp", "--optimizer", "admm", "--quiet"});
  return words;
}

// Runs in a folder with good.npz; the program may leave nothing there.
void expect_refused(const BadInput& bad, const TemporaryFolder& folder) {
  const size_t files = folder.files();
  const Ended ended = run_tersegraph(bad.words, folder.file(""));
  EXPECT_EQ(ended.code, 2) << ended.err;
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, StartsWith("tersegraph: "));
  EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr(bad.says));
  EXPECT_EQ(folder.files(), files) << "left something behind";
}

class BadWords : public ::testing::TestWithParam<BadInput> {};

TEST_P(BadWords, AreRefused) {
  const TemporaryFolder folder;
  folder.write("good.npz", small_graph().bytes());
  folder.write("file", "");
  folder.write("unknown_key.toml", "epochs = 3\nlearning-rate = 0.1\n");
  folder.write("misspelt.toml", "epoch = 3\n");
  folder.write("malformed.toml", "epochs = = 3\n");
  folder.write("wrong_type.toml", "epochs = \"3\"\n");
  folder.write("fraction.toml", "layers = 2.5\n");
  folder.write("range.toml", "\n\ndropout = 1.5\n");
  folder.write("table.toml", "[model]\nlayers = 2\n");
  expect_refused(GetParam(), folder);
}

const BadInput kBadWords[] = {
    {"NoCommand", {}, "subcommand"},
    {"UnknownPreset", train({"--data", "good.npz", "--preset", "adaqp-redit"}), "did you mean adaqp-reddit?"},
    {"PresetWithoutData", train({"--preset", "adaqp-reddit"}), "--preset adaqp-reddit is for Reddit"},
    {"UnknownShell", {"completion", "tcsh"}, "bash, zsh and fish"},
    {"EpochsOfAPage", {"report", ".", "--epochs"}, "--epochs is for"},
    {"UnknownCommand", {"trian"}, "did you mean train?"},
    {"UnknownOption", train({"--hiden", "16"}), "did you mean --hidden?"},
    {"UnknownOptionWithValue", train({"--model-kind=gcn"}), "--model-kind"},
    {"StrayWord", train({"good.npz"}), "good.npz"},
    {"MissingValue", train({"--lr"}), "--lr"},
    {"NotANumber", train({"--epochs", "ten"}), "--epochs is 'ten'"},
    {"NumberWithTail", train({"--hidden", "16x"}), "--hidden is '16x'"},
    {"FractionForCount", train({"--layers", "2.5"}), "--layers"},
    {"HugeNumber", train({"--epochs", "99999999999999999999"}), "--epochs"},
    {"ZeroRanks", train({"--data", "good.npz", "--ranks", "0"}), "--ranks is 0"},
    {"TooManyRanks", train({"--data", "good.npz", "--ranks", "9000"}), "--ranks is 9000"},
    {"GatherBitsBetweenRanks", train({"--data", "good.npz", "--ranks", "2", "--gather-bits", "16"}), "is for one rank"},
    {"MoreRanksThanNodes", train({"--data", "good.npz", "--ranks", "7"}), "6 nodes"},
    {"NegativeThreads", train({"--threads", "-1"}), "--threads"},
    {"UnknownModel", train({"--model", "gat"}), "known: gcn, sage, gamlp, sgc"},
    {"AdmmOfAConvolution", train({"--optimizer", "admm"}), "--model gamlp"},
    {"AdmmOptionOfAnother", train({"--rho", "0.1"}), "--rho means nothing to --model gcn"},
    {"HopsOfAConvolution", train({"--hops", "2"}), "--hops means nothing to --model gcn"},
    {"DropoutOfAdmm", admm({"--dropout", "0.5"}), "--dropout means nothing to --optimizer admm"},
    {"TooManyLayersOfSgc", train({"--model", "sgc", "--layers", "2"}), "one layer"},
    {"OneLayerByAdmm", admm({"--layers", "1"}), "at least 2 layers"},
    {"StagesThatFall", admm({"--stages", "5,2"}), "more layers than the one before"},
    {"StagesThatAreNone", admm({"--stages", "2,x"}), "--stages has 'x'"},
    {"StagesAndLayers", admm({"--stages", "2,5", "--layers", "4"}), "disagree"},
    {"TooFewIterations", admm({"--stages", "2,5", "--iterations", "3"}), "--iterations 3 lists 1"},
    {"IterationsAndEpochs", {"train", "--model", "gamlp", "--optimizer", "admm", "--epochs", "7"}, "disagree"},
    {"BitsWithoutQuantization", admm({"--bits", "4"}), "needs --quantize"},
    {"GridWithoutQuantization", admm({"--grid", "paper"}), "needs --quantize"},
    {"BitsOfAFixedGrid", admm({"--quantize", "p", "--grid", "paper", "--bits", "4"}), "has its own levels"},
    {"ExactBitsOfAGrid", admm({"--quantize", "p", "--bits", "32"}), "--quantize none"},
    {"SixteenBitChanges", admm({"--quantize", "p", "--grid", "delta", "--bits", "16"}), "delta grid takes 1 to 8"},
    {"GridOfNoFile", admm({"--quantize", "p", "--grid", "absent.txt"}), "absent.txt"},
    {"GridOfNoNumbers", admm({"--quantize", "p", "--grid", "misspelt.toml"}), "misspelt.toml is no grid"},
    {"NodeRanksThatDoNotDivide", admm({"--ranks", "3", "--node-ranks", "2"}), "must be --ranks, which is 3"},
    {"LayerRanksThatDoNotDivide", admm({"--ranks", "3", "--layer-ranks", "2"}), "must be --ranks, which is 3"},
    {"AxesOfOtherRanks", admm({"--ranks", "6", "--layer-ranks", "2", "--node-ranks", "2"}), "which is 6"},
    {"MoreLayerRanksThanLayers", admm({"--stages", "2,5", "--layer-ranks", "6"}), "6 ranks for 5 layers"},
    {"NodeRanksOfAConvolution", train({"--node-ranks", "2"}), "--node-ranks means nothing to --model gcn"},
    {"LayerRanksOfAdam", train({"--model", "gamlp", "--layer-ranks", "2"}), "--layer-ranks means nothing"},
    {"TooFewRidges", admm({"--ridge", "1,2"}), "three numbers"},
    {"NegativeNu", admm({"--nu", "-1"}), "--nu"},
    {"StagesWithoutIterations", train({"--model", "gamlp", "--stages", "2,5"}), "--stages 2,5 needs --iterations"},
    {"MisspeltOptimizer", train({"--optimizer", "adma"}), "did you mean adam?"},
    {"UnknownExchange", train({"--exchange", "adaptve"}), "did you mean adaptive?"},
    {"UnknownPartition", train({"--partition", "metis-kway"}), "--partition"},
    {"NegativeRate", train({"--lr", "-0.1"}), "--lr is -0.1"},
    {"ZeroRate", train({"--lr", "0"}), "above 0"},
    {"RateNotANumber", train({"--lr", "nan"}), "--lr"},
    {"DropoutOverOne", train({"--dropout", "1.5"}), "below 1"},
    {"DropoutOne", train({"--input-dropout", "1"}), "below 1"},
    {"NegativeDecay", train({"--weight-decay", "-1"}), "--weight-decay"},
    {"NineBits", train({"--exchange", "uniform", "--bits", "9"}), "--bits is '9'"},
    {"BitsWithoutUniform", train({"--bits", "4"}), "needs --exchange uniform"},
    {"ZeroEpochs", train({"--epochs", "0"}), "--epochs is 0"},
    {"ZeroRuns", train({"--runs", "0"}), "--runs"},
    {"PatienceWithoutEvaluation", train({"--patience", "5", "--eval-every", "0"}), "--eval-every"},
    {"BadSchedule", train({"--lr-schedule", "cosin"}), "schedule"},
    {"BadSplitWords", train({"--data", "good.npz", "--split", "0.6;0.4"}), "0.6;0.4"},
    {"SharesOverOne", train({"--data", "good.npz", "--split", "0.9,0.2,0.2"}), "exceed 1"},
    {"NoTrainingShare", train({"--data", "good.npz", "--split", "0,0.5,0.5"}), "no training node"},
    {"SplitPerClassTooLarge", train({"--data", "good.npz", "--split", "per-class:20,500,1000"}), "per-class"},
    {"SplitIndexOutOfRange", train({"--data", "good.npz", "--split-index", "3"}), "no split 3"},
    {"LossOfOtherLabels", train({"--data", "good.npz", "--loss", "mse"}), "mse"},
    {"TooFewClassWeights", train({"--data", "good.npz", "--class-weights", "1"}), "2 classes"},
    {"NegativeClassWeight", train({"--data", "good.npz", "--class-weights", "1,-2"}), "-2"},
    {"MissingData", train({"--data", "absent.npz"}), "absent.npz"},
    {"DataIsAFolder", train({"--data", "/"}), "/"},
    {"BadGeneratorKey", train({"--data", "sbm:nodes=10,edgs=20"}), "edgs"},
    {"TooManyGeneratedEdges", train({"--data", "sbm:nodes=10,edges=1000,classes=2"}), "edges"},
    {"OutBelowAFile", train({"--data", "good.npz", "--out", "file/run"}), "file"},
    {"OutIsAFile", train({"--data", "good.npz", "--out", "file"}), "is not a folder"},
    {"OutHoldsOtherThings", train({"--data", "good.npz", "--out", "."}), "is not empty"},
    {"OutCannotBeMade", train({"--data", "good.npz", "--out", "/proc/run"}), "/proc/run"},
    {"MissingConfig", train({"--config", "absent.toml"}), "absent.toml"},
    {"ConfigIsAFolder", train({"--config", "/"}), "/"},
    {"UnknownKey", train({"--config", "unknown_key.toml"}), "unknown_key.toml:2: learning-rate"},
    {"MisspeltKey", train({"--config", "misspelt.toml"}), "did you mean epochs?"},
    {"MalformedToml", train({"--config", "malformed.toml"}), "malformed.toml:1"},
    {"WrongType", train({"--config", "wrong_type.toml"}), "whole number"},
    {"FractionForCountInFile", train({"--config", "fraction.toml"}), "whole number"},
    {"OutOfRangeInFile", train({"--config", "range.toml"}), "range.toml:3: dropout"},
    {"TableInFile", train({"--config", "table.toml"}), "table.toml:1: model"},
    {"InfoWithoutData", {"info"}, "DATA"},
    {"InfoOfNothing", {"info", "absent.npz"}, "absent.npz"},
    {"GenerateOther", {"generate", "good.npz", "--out", "new.npz"}, "sbm:"},
    {"GenerateIntoNowhere", {"generate", "sbm:nodes=10,edges=20,classes=2", "--out", "file/new.npz"}, "file/new.npz"},
    {"ConvertToOtherFormat", {"convert", "good.npz", "good.mat"}, "good.mat"},
    {"PlanOfNothing", {"plan"}, "DATA"},
    {"PlanOfAbsent", {"plan", "absent.npz"}, "absent.npz"},
    {"PlanOfHalfAShape", {"plan", "shape:nodes=10"}, "edges"},
    {"PlanOfUnknownShape", {"plan", "shape:nodes=10,edge=3"}, "'edge'"},
    {"PlanOfTooLargeAShape", {"plan", "shape:nodes=1e12,edges=9,features=4,classes=2"}, "at most 1e+11"},
    {"PlanWithoutLink", {"plan", "good.npz", "--link", "fast"}, "--link fast"},
    {"PlanOnMoreHosts", {"plan", "good.npz", "--ranks", "2", "--hosts", "3"}, "--hosts 3"},
    {"PlanWithAbsentRates", {"plan", "good.npz", "--rates", "absent.json"}, "absent.json"},
    {"PlanWithOtherRates", {"plan", "good.npz", "--rates", "file"}, "--calibrate"},
    {"PlanOfAPerceptron", {"plan", "good.npz", "--model", "sgc"}, "not sgc"},
    {"PredictWithoutRun", {"predict", "absent"}, "holds no run"},
};

std::string name_of(const ::testing::TestParamInfo<BadInput>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(CommandLine, BadWords, ::testing::ValuesIn(kBadWords), name_of);

struct BadFile {
  std::string name;
  std::function<std::string()> bytes;
  std::string says;
};

void PrintTo(const BadFile& bad, std::ostream* out) {
  *out << bad.name;
}

class BadFiles : public ::testing::TestWithParam<BadFile> {};

TEST_P(BadFiles, AreRefused) {
  const TemporaryFolder folder;
  folder.write("bad.npz", GetParam().bytes());
  expect_refused({"", train({"--data", "bad.npz", "--out", "run"}), GetParam().says}, folder);
}

template <class T>
std::function<std::string()> with(std::string array, std::vector<T> values) {
  return [=] { return small_graph().set(array, values).bytes(); };
}

std::function<std::string()> without(std::string array) {
  return [=] { return small_graph().remove(array).bytes(); };
}

const BadFile kBadFiles[] = {
    {"Empty", [] { return std::string(); }, "bad.npz"},
    {"Text", [] { return std::string("nodes 6\n"); }, "bad.npz"},
    {"Truncated", [] { return small_graph().bytes().substr(0, 700); }, "bad.npz"},
    {"TruncatedAtTheEnd", [] { return small_graph().bytes().substr(0, small_graph().bytes().size() - 30); }, "bad.npz"},
    {"Unknown", [] { return NpzFile().set<int32_t>("edges_of_mine", {1, 2}).bytes(); }, "no known format"},
    {"WrongDtype", with<float>("adj_indices", {1, 5, 0, 2, 1, 3, 2, 4, 3, 5, 0, 4.5}), "adj_indices"},
    {"IndptrFalls", with<int64_t>("adj_indptr", {0, 2, 4, 3, 8, 10, 12}), "adj_indptr"},
    {"IndptrStartsLate", with<int64_t>("adj_indptr", {1, 2, 4, 6, 8, 10, 12}), "adj_indptr"},
    {"IndptrEndsEarly", with<int64_t>("adj_indptr", {0, 2, 4, 6, 8, 10, 11}), "adj_ind"},
    {"IndptrTooShort", with<int64_t>("adj_indptr", {0, 2, 4, 6, 8, 12}), "adj_indptr"},
    {"IndexOutOfRange", with<int32_t>("adj_indices", {1, 6, 0, 2, 1, 3, 2, 4, 3, 5, 0, 4}), "adj_indices"},
    {"NegativeIndex", with<int32_t>("adj_indices", {1, -5, 0, 2, 1, 3, 2, 4, 3, 5, 0, 4}), "adj_indices"},
    {"Asymmetric", with<int32_t>("adj_indices", {1, 4, 0, 2, 1, 3, 2, 4, 3, 5, 0, 4}), "symmetric"},
    {"NoNodes", with<int64_t>("num_nodes", {0}), "num_nodes"},
    {"NegativeNodes", with<int64_t>("num_nodes", {-6}), "num_nodes"},
    {"HugeNodes", with<int64_t>("num_nodes", {int64_t{1} << 60}), "bad.npz"},
    {"NoFeatures", without("attr"), "no node features"},
    {"FeaturesOfOtherNodes",
     [] { return small_graph().set<float>("attr", {1, 2, 3, 4, 5, 6}, "(2, 3)").bytes(); }, "features of 2 nodes"},
    {"NanFeature",
     [] {
       std::vector<float> values(18, 1.0f);
       values[7] = std::numeric_limits<float>::quiet_NaN();
       return small_graph().set<float>("attr", values, "(6, 3)").bytes();
     },
     "attr"},
    {"ShapeOverflows",
     [] { return small_graph().set<float>("attr", {1}, "(4611686018427387904, 4)").bytes(); }, "attr"},
    {"NoLabels", without("labels"), "label"},
    {"LabelOutOfRange", with<int32_t>("labels", {0, 0, 0, 1, 1, 2}), "label"},
    {"LabelsOfOtherNodes", with<int32_t>("labels", {0, 1}), "labels"},
    {"NoSplit",
     [] { return small_graph().remove("train_mask").remove("val_mask").remove("test_mask").bytes(); }, "--split"},
    {"NoTrainingMask", without("train_mask"), "train_mask"},
    {"NoTrainingNode", with<uint8_t>("train_mask", {0, 0, 0, 0, 0, 0}), "no training node"},
    {"MasksOverlap", with<uint8_t>("val_mask", {1, 1, 0, 0, 1, 0}), "overlap"},
    {"MaskOfOtherNodes", with<uint8_t>("test_mask", {0, 0, 1}), "test_mask"},
    {"UnlabelledTrainingNode", with<int32_t>("labels", {-1, 0, 0, 1, 1, 1}), "no label"},
    {"NodeIdTwice", with<int64_t>("node_ids", {1, 2, 3, 4, 5, 5}), "node_ids"},
};

INSTANTIATE_TEST_SUITE_P(Data, BadFiles, ::testing::ValuesIn(kBadFiles),
                         [](const auto& info) { return info.param.name; });

// What the tests above damage is good to begin with.
TEST(GoodFile, IsTaken) {
  const TemporaryFolder folder;
  folder.write("good.npz", small_graph().bytes());
  const Ended ended = run_tersegraph(train({"--data", "good.npz", "--ranks", "2", "--out", "run"}), folder.file(""));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.err, "");
}

TEST(RunDirectory, IsNotOverwritten) {
  const TemporaryFolder folder;
  folder.write("good.npz", small_graph().bytes());
  const std::vector<std::string> words = train({"--data", "good.npz", "--out", "run"});
  ASSERT_EQ(run_tersegraph(words, folder.file("")).code, 0);
  const std::string summary = read_bytes(folder.file("run/summary.json"));
  expect_refused({"", words, "not overwritten"}, folder);
  EXPECT_EQ(read_bytes(folder.file("run/summary.json")), summary);
}

}  // namespace
}  // namespace tersegraph::testing
