#include "clean.h"
#include "bits.h"

namespace facecrypt::jpeg {
namespace {

const std::uint8_t *find_ff(const std::uint8_t *at, const std::uint8_t *end) noexcept {
    const void *found = at == end ? nullptr
                                  : std::memchr(at, 0xFF, static_cast<std::size_t>(end - at));
    return found == nullptr ? end : static_cast<const std::uint8_t *>(found);
}

bool is_restart(std::uint8_t marker) noexcept { return marker >= 0xD0 && marker <= 0xD7; }

}  // namespace

std::size_t scan_end(View file, std::size_t from) {
    const std::uint8_t *const end = file.at + file.size;
    for (const std::uint8_t *at = file.at + from;; at += 2) {
        at = find_ff(at, end);
        if (at == end || at + 1 == end) return static_cast<std::size_t>(at - file.at);
        if (at[1] == 0 || is_restart(at[1])) continue;
        const std::uint8_t *marker = at + 1;
        while (marker != end && *marker == 0xFF) ++marker;
        if (marker != end && marker != at + 1 && is_restart(*marker))
            throw Refused("fill bytes before a restart marker");
        return static_cast<std::size_t>(at - file.at);
    }
}

Clean::Clean(View coded) {
    const std::uint8_t *at = coded.at, *const end = at + coded.size;
    std::uint8_t *const start = bytes_.room(coded.size + slack), *to = start;
    bounds_.push_back(0);
    while (at != end) {
        const std::uint8_t *found = find_ff(at, end);
        const auto plain = static_cast<std::size_t>(found - at);
        std::memcpy(to, at, plain);
        to += plain;
        at = found;
        if (at == end) break;
        if (at[1] == 0) {
            *to++ = 0xFF;
        } else {
            if (in_order_ == bounds_.size() && at[1] == 0xD0 + (in_order_ - 1) % 8) ++in_order_;
            bounds_.push_back(static_cast<std::size_t>(to - start));
        }
        at += 2;
    }
    bounds_.push_back(static_cast<std::size_t>(to - start));
    std::memset(to, 0, slack);
    bytes_.extend(static_cast<std::size_t>(to - start));
}

std::size_t coded_size(View coded, std::size_t intervals, std::size_t clean) {
    const std::uint8_t *at = coded.at, *const end = at + coded.size;
    while (at != end && (intervals != 0 || clean != 0)) {
        const std::uint8_t *found = find_ff(at, end);
        if (intervals == 0 && static_cast<std::size_t>(found - at) >= clean)
            return static_cast<std::size_t>(at + clean - coded.at);
        if (found == end) break;
        if (intervals == 0)
            clean -= static_cast<std::size_t>(found - at) + (found[1] == 0 ? 1 : 0);
        else if (found[1] != 0)
            --intervals;
        at = found + 2;
    }
    return static_cast<std::size_t>(at - coded.at);
}

}  // namespace facecrypt::jpeg
