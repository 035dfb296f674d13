#include <cstddef>
#include <cstdint>

#include "mirror/runtime/containerd_check.h"
#include "mirror/runtime/hosts_file.h"
#include "mirror/runtime/journal.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"

// Whatever an operator's hosts.toml holds: either our host ends in front of all others and can be
// taken off again, or there is a reason. A journal that parses formats to one that parses to the
// same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = base::as_text({data, size});
  const mirror::HostsTemplate with{std::string(32, 'a'), "http://127.0.0.1:7755"};
  const auto merged = mirror::merge_hosts_file(with, text);
  if (merged.ok()) {
    CHECK(mirror::check_hosts_file(merged.value(), with.proxy_url).ok());
    CHECK(mirror::read_hosts_mark(merged.value())->is_intact);
    const auto theirs = mirror::unmerge_hosts_file(merged.value(), {"docker.io", false});
    CHECK(theirs.ok());
    if (theirs.value()) {
      CHECK(mirror::merge_hosts_file(with, *theirs.value()).value() == merged.value());
    }
  } else {
    CHECK(!merged.error().text().empty());
  }
  if (!mirror::read_hosts_mark(text)) {
    CHECK(!mirror::unmerge_hosts_file(text, {"docker.io", false}).ok());
  }
  if (const auto journal = mirror::parse_journal(text); journal.ok()) {
    CHECK(mirror::parse_journal(mirror::format_journal(journal.value())).value() ==
          journal.value());
  }
  mirror::complaints_about_containerd(text, "/etc/containerd/certs.d");
  return 0;
}
