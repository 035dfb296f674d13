#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/loop.h"

namespace loop {

// A child process: an argument vector, never a shell. Its output is captured up to a bound or goes
// to a log file; it has a deadline, after which it gets SIGTERM and, a grace later, SIGKILL.
//
//   start -> Running --(exit seen and both outputs closed)--> on_exit, once, from the loop
//                  \--(deadline)--> SIGTERM --(kill_grace)--> SIGKILL --> on_exit, is_timed_out
//
// A child that leaves its outputs open to a grandchild is reported kOutputGrace after it exited.
class Process {
 public:
  struct Options {
    std::vector<std::string> argv;           // argv[0] is looked up in PATH unless it has a slash
    std::map<std::string, std::string> env;  // set over what is inherited
    std::string directory;                   // working directory; empty: inherited
    std::string stdin_bytes;                 // written to standard input, which is then closed
    std::size_t output_bytes_max = std::size_t{1}
                                   << 20;  // each of out and err; the rest is dropped
    // Zero: no deadline (a supervised child).
    base::Duration timeout = std::chrono::seconds(30);
    base::Duration kill_grace = std::chrono::seconds(3);
    // Appends both outputs to this file (mode 0640) and captures nothing. Empty: captured.
    std::string log_file;
    // Becomes the child's descriptor 3: a lock that it is to hold. -1: none. Not for daemons.
    int inherited_fd = -1;
  };

  struct Exit {
    int status = 0;  // meaningful when signal is 0
    int signal = 0;  // that ended it, or 0
    bool is_timed_out = false;
    bool is_output_cut = false;  // output_bytes_max was met
    std::string out;
    std::string err;

    bool ok() const { return status == 0 && signal == 0; }
    // "wg show: exit status 1: <last line of err>", for an error's text.
    std::string text(const std::string& what) const;
  };
  using OnExit = std::function<void(Exit)>;

  static constexpr base::Duration kOutputGrace = std::chrono::milliseconds(500);

  // Starts the child; `on_exit` runs once, in a later turn. Errors: NotFound when there is no such
  // program, Unavailable otherwise ("start wg: permission denied"); no child exists then.
  static base::Result<std::unique_ptr<Process>> start(Loop& loop, Options options, OnExit on_exit);

  // A daemon: its own session, standard input from /dev/null, outputs appended to options.log_file
  // or dropped, no other descriptor, no deadline; stdin_bytes must be empty. It outlives this
  // process, nobody reports its end. Gives its process id.
  static base::Result<int> start_detached(Loop& loop, Options options);

  // A child still running is killed with SIGKILL and reaped by the loop; on_exit does not run.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  int pid() const;
  // Sends `signal`; nothing happens when the child has exited. on_exit follows when it ends.
  void kill(int signal);
  // SIGTERM now, SIGKILL after kill_grace.
  void terminate();

  struct State;

 private:
  explicit Process(State* state) : state_(state) {}

  State* state_;  // freed by itself once the child is reaped and its handles have closed
};

}  // namespace loop
