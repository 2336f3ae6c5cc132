#include "domain/usage_record.hpp"

namespace obleth {

const char* to_text(AdmissionOutcome outcome) {
  switch (outcome) {
    case AdmissionOutcome::fast:
      return "fast";
    case AdmissionOutcome::queued:
      return "queued";
    case AdmissionOutcome::brownout:
      return "brownout";
    case AdmissionOutcome::refused:
      return "refused";
  }
  return "fast";
}

const char* to_text(UsageSource source) {
  switch (source) {
    case UsageSource::upstream:
      return "upstream";
    case UsageSource::counted:
      return "counted";
    case UsageSource::estimated:
      return "estimated";
  }
  return "upstream";
}

const char* to_text(CacheOutcome outcome) {
  switch (outcome) {
    case CacheOutcome::off:
      return "off";
    case CacheOutcome::miss:
      return "miss";
    case CacheOutcome::hit:
      return "hit";
  }
  return "off";
}

}  // namespace obleth
