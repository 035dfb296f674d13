// The JSON body of an error answer (distribution-spec v1.1.1, "Error codes").
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mirror {

// {"errors":[{"code":"BLOB_UNKNOWN","message":"..."}]}
std::string error_body(std::string_view code, std::string_view message);

// One line for a log about the body of an error that a registry sent: the first code and message if
// it is such a document, else its size. A load balancer's HTML page is never shown nor stored.
std::string describe_error_body(std::string_view body);

}  // namespace mirror
