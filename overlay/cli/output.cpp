#include "overlay/cli/output.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>

namespace cli {
namespace {

// Code points, not bytes: continuation bytes of UTF-8 take no column.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

void widen(std::vector<std::size_t>& widths, const std::vector<std::string>& row) {
  widths.resize(std::max(widths.size(), row.size()));
  for (std::size_t i = 0; i < row.size(); ++i) {
    widths[i] = std::max(widths[i], columns_of(row[i]));
  }
}

void append_row(std::string& text, const std::vector<std::string>& row,
                const std::vector<std::size_t>& widths) {
  std::size_t pending = 0;  // spaces owed before the next cell that has something in it
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!row[i].empty()) {
      text.append(pending, ' ');
      pending = 0;
      text += printable(row[i]);
    }
    pending += widths[i] - columns_of(row[i]) + 2;
  }
  text += '\n';
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
      shown += '?';  // C1: some terminals take U+009B for ESC [
      ++i;
    } else {
      shown += byte < 0x20 || byte == 0x7f ? '?' : text[i];
    }
  }
  return shown;
}

void print_line(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

void print_part(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void print_error(std::string_view text) {
  std::fprintf(stderr, "linkspan: %s\n", printable(text).c_str());
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  widen(widths, header_);
  for (const auto& row : rows_) {
    widen(widths, row);
  }
  std::string text;
  if (std::any_of(header_.begin(), header_.end(), [](const auto& cell) { return !cell.empty(); })) {
    append_row(text, header_, widths);
  }
  for (const auto& row : rows_) {
    append_row(text, row, widths);
  }
  return text;
}

}  // namespace cli
