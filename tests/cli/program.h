#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "data/npz_files.h"

namespace tersegraph::testing {

/// A program that was started in a folder, its two streams going to files.
class Program {
 public:
  Program(const std::vector<std::string>& words, const std::string& folder, const TemporaryFolder& streams)
      : out_path_(streams.file("stdout")), err_path_(streams.file("stderr")) {
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    process_ = fork();
    if (process_ == 0) {
      // A test runner in the background may have been started with this ignored.
      signal(SIGINT, SIG_DFL);
      const bool ready = chdir(folder.c_str()) == 0 && redirect(out_path_, 1) && redirect(err_path_, 2);
      if (ready) execvp(argv[0], argv.data());
      _exit(127);
    }
  }

  pid_t process() const { return process_; }
  /// Waits for the end. 128 + n: ended by signal n.
  int exit_code() {
    int status = 0;
    waitpid(process_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string out() const { return read_bytes(out_path_); }
  std::string err() const { return read_bytes(err_path_); }

 private:
  static bool redirect(const std::string& path, int descriptor) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    return file >= 0 && dup2(file, descriptor) >= 0;
  }

  std::string out_path_, err_path_;
  pid_t process_ = -1;
};

struct Ended {
  int code = 0;
  std::string out, err;
};

/// Runs a program in `folder` to its end; 127: it is not on this machine.
inline Ended run_program(const std::vector<std::string>& words, const std::string& folder) {
  const TemporaryFolder streams;
  Program program(words, folder, streams);
  const int code = program.exit_code();
  return {code, program.out(), program.err()};
}

inline Ended run_tersegraph(std::vector<std::string> words, const std::string& folder) {
  words.insert(words.begin(), TERSEGRAPH_PROGRAM);
  return run_program(words, folder);
}

/// A run of three epochs, left in `out` below `folder`.
inline void train_briefly(const TemporaryFolder& folder, const std::string& out,
                          const std::vector<std::string>& more = {}) {
  std::vector<std::string> words = {"train",     "--quiet", "--epochs", "3",
                                    "--hidden",  "16",      "--data",   "sbm:nodes=200,edges=800,features=8,classes=3",
                                    "--threads", "1",       "--out",    out};
  words.insert(words.end(), more.begin(), more.end());
  const Ended ended = run_tersegraph(words, folder.file(""));
  ASSERT_EQ(ended.code, 0) << ended.err;
}

}  // namespace tersegraph::testing
