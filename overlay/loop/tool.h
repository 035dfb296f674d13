#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "overlay/base/result.h"
#include "overlay/base/time.h"

namespace loop {

struct ToolCall {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH; never a secret: /proc shows it
  std::string input = {};         // on the tool's standard input, which is then closed
  base::Duration timeout = std::chrono::seconds(10);
  std::size_t output_bytes_max = std::size_t{16} << 20;
  // For a tool that goes to the background by itself: outputs are dropped (what it leaves behind
  // must not hold our pipes) and it gets a session of its own.
  bool is_daemon = false;
};

// Runs a program to its end and gives its standard output. Blocks: for boot, for pool threads and
// for small command line programs; use Process from a loop. The child gets descriptors 0, 1 and 2
// only, a PATH, and LC_ALL=C.
//
// Errors: NotFound when there is no such program; Unavailable when it ended with another status
// than 0 ("wg set: exit status 1: <its last line on stderr>") or had to be killed at `timeout`;
// LimitExceeded when it wrote more than output_bytes_max.
base::Result<std::string> run_tool(const ToolCall& call);

}  // namespace loop
