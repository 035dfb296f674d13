#include "overlay/loop/process.h"

#include <array>
#include <csignal>
#include <cstdint>
#include <optional>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "overlay/loop/files.h"
#include "tests/unit/overlay/loop/temporary_directory.h"

namespace loop {
namespace {

using namespace std::chrono_literals;

class ProcessTest : public ::testing::Test {
 protected:
  Process::Exit run(Process::Options options) {
    std::optional<Process::Exit> seen;
    auto process = Process::start(loop_, std::move(options),
                                  [&](Process::Exit exit) { seen = std::move(exit); });
    EXPECT_TRUE(process.ok());
    EXPECT_FALSE(seen.has_value());
    loop_.run();
    EXPECT_TRUE(seen.has_value());
    return seen.value_or(Process::Exit{});
  }

  static Process::Options shell(const std::string& script) {
    Process::Options options;
    options.argv = {"sh", "-c", script};
    return options;
  }

  Loop loop_;
};

TEST_F(ProcessTest, GivesOutputsAndExitStatus) {
  const auto exit = run(shell("echo out; echo err >&2; exit 3"));

  EXPECT_EQ(exit.out, "out\n");
  EXPECT_EQ(exit.err, "err\n");
  EXPECT_EQ(exit.status, 3);
  EXPECT_EQ(exit.signal, 0);
  EXPECT_FALSE(exit.ok());
  EXPECT_EQ(exit.text("sh"), "sh: exit status 3: err");
}

TEST_F(ProcessTest, PassesArgumentsAsTheyAre) {
  Process::Options options;
  options.argv = {"printf", "%s", "a b; $HOME `id`"};

  EXPECT_EQ(run(options).out, "a b; $HOME `id`");
}

TEST_F(ProcessTest, FeedsStandardInputAndCloses) {
  Process::Options options;
  options.argv = {"cat"};
  options.stdin_bytes = std::string(300'000, 'x');

  EXPECT_EQ(run(options).out, options.stdin_bytes);
}

TEST_F(ProcessTest, SurvivesAChildThatReadsNothing) {
  Process::Options options;
  options.argv = {"true"};
  options.stdin_bytes = std::string(1'000'000, 'x');

  EXPECT_TRUE(run(options).ok());
}

TEST_F(ProcessTest, SetsVariablesAndDirectory) {
  Process::Options options = shell("echo $LINKSPAN_A; pwd; test -n \"$PATH\"");
  options.env = {{"LINKSPAN_A", "1"}};
  options.directory = "/usr";

  const auto exit = run(options);

  EXPECT_EQ(exit.out, "1\n/usr\n");
  EXPECT_TRUE(exit.ok());
}

TEST_F(ProcessTest, BoundsItsOutput) {
  Process::Options options = shell("head -c 100000 /dev/zero");
  options.output_bytes_max = 1000;

  const auto exit = run(options);

  EXPECT_EQ(exit.out.size(), 1000U);
  EXPECT_TRUE(exit.is_output_cut);
  EXPECT_TRUE(exit.ok());
}

TEST_F(ProcessTest, TerminatesAtTheDeadline) {
  Process::Options options;
  options.argv = {"sleep", "100"};
  options.timeout = 20ms;

  const auto exit = run(options);

  EXPECT_EQ(exit.signal, SIGTERM);
  EXPECT_TRUE(exit.is_timed_out);
  EXPECT_EQ(exit.text("sleep"), "sleep: no end within the deadline");
}

TEST_F(ProcessTest, KillsWhatIgnoresTermination) {
  Process::Options options = shell("trap '' TERM; while :; do read -t 100 x < /dev/zero; done");
  options.argv[0] = "bash";
  options.timeout = 1s;  // it has set its trap by then, on a busy machine too
  options.kill_grace = 20ms;

  EXPECT_EQ(run(options).signal, SIGKILL);
}

TEST_F(ProcessTest, DoesNotWaitForAGrandchildThatHoldsTheOutputs) {
  const auto exit = run(shell("sleep 100 & echo $!"));

  ASSERT_TRUE(exit.ok());
  ::kill(std::stoi(exit.out), SIGKILL);
}

TEST_F(ProcessTest, SaysWhichProgramIsMissing) {
  Process::Options options;
  options.argv = {"linkspan-no-such-program"};
  const auto process =
      Process::start(loop_, std::move(options), [](const Process::Exit&) { FAIL(); });

  ASSERT_FALSE(process.ok());
  EXPECT_EQ(process.error().code(), base::Errc::NotFound);
  EXPECT_EQ(process.error().text(), "start linkspan-no-such-program: no such file or directory");
}

TEST_F(ProcessTest, WritesToALogFile) {
  const TemporaryDirectory directory;
  Process::Options options = shell("echo out; echo err >&2");
  options.log_file = directory.path("log");

  const auto exit = run(options);

  EXPECT_EQ(exit.out, "");
  EXPECT_EQ(read_file(directory.path("log"), 100).value(), "out\nerr\n");
}

TEST_F(ProcessTest, KillsAndReapsTheChildOfADestroyedOwner) {
  Process::Options options;
  options.argv = {"sleep", "100"};
  auto process = Process::start(loop_, std::move(options), [](const Process::Exit&) { FAIL(); });
  ASSERT_TRUE(process.ok());
  const int pid = process.value()->pid();

  { const auto gone = std::move(process).value(); }
  loop_.run();

  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST_F(ProcessTest, MayBeDestroyedFromItsCallback) {
  std::unique_ptr<Process> process;
  Process::Options options;
  options.argv = {"true"};
  process = Process::start(loop_, std::move(options), [&](const Process::Exit&) {
              process.reset();
            }).value();

  loop_.run();

  EXPECT_EQ(process, nullptr);
}

TEST_F(ProcessTest, TerminateAsksThenKills) {
  std::optional<Process::Exit> seen;
  Process::Options options;
  options.argv = {"sleep", "100"};
  options.timeout = base::Duration::zero();
  const auto process =
      Process::start(loop_, std::move(options), [&](Process::Exit exit) { seen = exit; });
  ASSERT_TRUE(process.ok());
  process.value()->terminate();

  loop_.run();

  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->signal, SIGTERM);
  EXPECT_FALSE(seen->is_timed_out);
}

TEST_F(ProcessTest, DetachesADaemonIntoASessionOfItsOwn) {
  const TemporaryDirectory directory;
  Process::Options options = shell("ps -o sid= -p $$; exec sleep 100");
  options.log_file = directory.path("log");
  const auto pid = Process::start_detached(loop_, options);
  ASSERT_TRUE(pid.ok());
  loop_.run();

  EXPECT_EQ(::getsid(pid.value()), pid.value());
  ::kill(pid.value(), SIGKILL);
  ::waitpid(pid.value(), nullptr, 0);
}

TEST_F(ProcessTest, DaemonKeepsNoDescriptorThatItsStarterHadLeftOpen) {
  const TemporaryDirectory directory;
  std::array<int, 2> left_open{};
  ASSERT_EQ(::pipe(left_open.data()), 0);  // without close-on-exec, as from a careless parent
  Process::Options options = shell("exec sleep 100");
  options.log_file = directory.path("log");
  const auto pid = Process::start_detached(loop_, options);
  ASSERT_TRUE(pid.ok());
  loop_.run();
  ::close(left_open[1]);

  std::uint8_t byte = 0;
  const auto end_of_file = ::read(left_open[0], &byte, 1);  // would wait for the daemon's end

  EXPECT_EQ(end_of_file, 0);
  ::close(left_open[0]);
  ::kill(pid.value(), SIGKILL);
  ::waitpid(pid.value(), nullptr, 0);
}

}  // namespace
}  // namespace loop
