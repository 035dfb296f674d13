// The one way commands write to the terminal: lines on standard output, errors on standard error,
// and tables with columns as wide as they need to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cli {

// `text` with every control character (C0, DEL, C1) as '?', so that what a server sends cannot
// drive the terminal. Pure; anything but text in UTF-8 stays as it is otherwise.
std::string printable(std::string_view text);

void print_line(std::string_view text);
// Without a line end: for a progress line that is finished later. Flushes.
void print_part(std::string_view text);
// "linkspan: <text>" on standard error, in one line, printable().
void print_error(std::string_view text);

// Columns are padded to their widest cell, two spaces apart; the last is never padded. A cell that
// is missing at the end of a row counts as empty. Cells are shown printable().
class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}

  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }

  // The lines, each ended; the header first unless all its cells are empty.
  std::string text() const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace cli
