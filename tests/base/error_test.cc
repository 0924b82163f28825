#include "base/error.h"

#include <gtest/gtest.h>

#include <string>

namespace tersegraph {
namespace {

TEST(Error, InputErrorsSayTheirWords) {
  try {
    fail_input("{}: {} rows, expected {}; remove the file", "x.npz", 3, 4);
    FAIL() << "nothing was thrown";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "x.npz: 3 rows, expected 4; remove the file");
  }
}

TEST(Error, RunErrorsSayTheirWords) {
  try {
    fail_run("rank {} was lost after epoch {}", 2, int64_t{17});
    FAIL() << "nothing was thrown";
  } catch (const RunError& error) {
    EXPECT_STREQ(error.what(), "rank 2 was lost after epoch 17");
  }
}

TEST(Error, BracesInArgumentsStayAsTheyAre) {
  try {
    fail_input("no such file: {}", std::string("{}/{0}.npz"));
    FAIL() << "nothing was thrown";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "no such file: {}/{0}.npz");
  }
}

TEST(Error, WhatAFileHoldsStaysOnOneLineAndShort) {
  try {
    fail_input("array '{}' of {}; remove it", "a\n\x1b[2J\x7f", std::string(100000, 'x'));
    FAIL() << "nothing was thrown";
  } catch (const InputError& error) {
    const std::string words = error.what();
    EXPECT_TRUE(words.starts_with("array 'a??[2J?' of xxx")) << words.substr(0, 40);
    EXPECT_TRUE(words.ends_with("xxx; remove it"));
    EXPECT_LT(words.size(), 2100u);
  }
}

TEST(Error, TheTwoKindsAreTold) {
  EXPECT_THROW(
      {
        try {
          fail_run("lost");
        } catch (const InputError&) {
        }
      },
      RunError);
}

}  // namespace
}  // namespace tersegraph
