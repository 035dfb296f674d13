// Whatever a server answers with is shown without a control character but the ends of lines, and
// every refusal is one sentence.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/cli/admin_text.h"
#include "overlay/cli/output.h"

namespace {

constexpr base::WallTime kNow{1'795'411'874'000};

void look_at(std::string text) {
  std::erase(text, '\n');
  CHECK(cli::printable(text) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(base::as_text(std::span(data, size)));
  for (const int status : {200, 401, 404, 409, 503}) {
    const std::string text = cli::api_error(status, body).text();
    CHECK(!text.empty() && cli::printable(text) == text);
  }
  const auto answer = cli::decode_answer(body);
  if (!answer.ok()) {
    CHECK(!answer.error().text().empty());
    return 0;
  }
  using cli::Kind;
  for (const Kind kind : {Kind::Network, Kind::Site, Kind::Token, Kind::Node, Kind::Replica,
                          Kind::ApiKey, Kind::Audit}) {
    look_at(cli::format_list(kind, {answer.value()}, kNow));
    look_at(cli::format_one(kind, answer.value(), kNow));
    look_at(cli::format_created(kind, answer.value(), kNow));
  }
  return 0;
}
