#include "tests/bench/process_figures.h"

#include <charconv>
#include <ctime>
#include <sstream>
#include <string_view>

#include <unistd.h>

#include "overlay/loop/files.h"

namespace bench {
namespace {

constexpr std::size_t kProcFileBytesMax = 4096;
constexpr std::size_t kProcessesMax = 100'000;

// The fields of /proc/PID/stat behind the name, which may itself hold spaces: state is the first
// (proc(5): field 3).
std::vector<std::string> stat_fields(pid_t pid) {
  const auto text = loop::read_file("/proc/" + std::to_string(pid) + "/stat", kProcFileBytesMax);
  if (!text.ok()) {
    return {};
  }
  const auto end = text.value().rfind(')');
  if (end == std::string::npos) {
    return {};
  }
  std::istringstream rest(text.value().substr(end + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) {
    fields.push_back(field);
  }
  return fields;
}

std::uint64_t number(const std::string& text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<pid_t> processes() {
  std::vector<pid_t> all;
  const auto names = loop::list_directory("/proc", kProcessesMax);
  if (!names.ok()) {
    return all;
  }
  for (const std::string& name : names.value()) {
    if (name.find_first_not_of("0123456789") == std::string::npos) {
      all.push_back(static_cast<pid_t>(number(name)));
    }
  }
  return all;
}

}  // namespace

std::optional<ProcessFigures> figures_of(pid_t pid) {
  constexpr std::size_t kResidentPages = 21;  // proc(5): field 24
  const auto fields = stat_fields(pid);
  if (fields.size() <= kResidentPages) {
    return {};
  }
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) {
    return {};
  }
  ProcessFigures figures;
  figures.cpu_us = static_cast<std::uint64_t>(used.tv_sec) * 1'000'000 +
                   static_cast<std::uint64_t>(used.tv_nsec) / 1000;
  figures.resident_bytes =
      number(fields[kResidentPages]) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return figures;
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  for (const pid_t other : processes()) {
    const auto fields = stat_fields(other);
    if (fields.size() > 1 && number(fields[1]) == static_cast<std::uint64_t>(pid)) {
      children.push_back(other);
    }
  }
  return children;
}

std::optional<pid_t> find_process(const std::string& name) {
  std::optional<pid_t> found;
  for (const pid_t pid : processes()) {
    const auto comm = loop::read_file("/proc/" + std::to_string(pid) + "/comm", kProcFileBytesMax);
    if (!comm.ok() || comm.value() != name + "\n") {
      continue;
    }
    if (found.has_value()) {
      return {};
    }
    found = pid;
  }
  return found;
}

}  // namespace bench
