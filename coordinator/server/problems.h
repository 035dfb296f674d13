// Refusals as RFC 9457 problem documents.
#pragma once

#include <string>
#include <string_view>

#include "coordinator/domain/decide.h"
#include "overlay/base/result.h"
#include "overlay/loop/http_server.h"
#include "overlay/model/json_reader.h"

namespace coordinator {

using Response = loop::HttpServer::Response;

struct ProblemText {
  int status = 500;
  std::string detail;  // one sentence
  std::string field{};
  std::string value{};
};
Response problem(ProblemText text);

// The status that an error of ours becomes: 400 Malformed, 401 Unauthenticated, 404 NotFound, 409
// Conflict and LimitExceeded, 503 Unavailable.
int status_of(base::Errc code);

Response problem_of(const base::Error& error);
// What a body's decoder said; `failure` has the field when one was to blame.
Response problem_of(const base::Error& error, const model::FieldFailure& failure);
Response problem_of(const Refusal& refusal);

Response json_response(int status, std::string body);

}  // namespace coordinator
