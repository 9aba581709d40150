// What the page calls of csrc/, by plain numbers. One thing is worked on at a time: the result, or
// the failure, stays until the next call.
#include "jpeg/jpeg.h"
#include "kernels.h"

#include <cstdlib>
#include <cstring>
#include <emscripten/emscripten.h>

using namespace facecrypt;
using namespace facecrypt::jpeg;

namespace {

Bytes result;
Failure failure;
Bytes original;
std::unique_ptr<Task> task;

void put(std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8)
        result.put(static_cast<std::uint8_t>(value >> shift));
}

// Numbers of the page: x0, y0, x1, y1 of each rectangle.
std::vector<Rect> rects_of(const std::uint32_t *numbers, std::size_t count) {
    std::vector<Rect> rects(count);
    for (Rect &rect : rects) {
        rect = {numbers[0], numbers[1], numbers[2], numbers[3]};
        numbers += 4;
    }
    return rects;
}

// Numbers of the page: where each lies, and its size.
std::vector<View> views_of(const std::uint32_t *numbers, std::size_t count) {
    std::vector<View> views(count);
    for (View &view : views) {
        view.at = reinterpret_cast<const std::uint8_t *>(numbers[0]);
        view.size = numbers[1];
        numbers += 2;
    }
    return views;
}

void begin() {
    result.clear();
    failure = {};
    task.reset();
}

}  // namespace

extern "C" {

EMSCRIPTEN_KEEPALIVE void *take(std::size_t size) { return std::malloc(size ? size : 1); }
EMSCRIPTEN_KEEPALIVE void give(void *at) { std::free(at); }

EMSCRIPTEN_KEEPALIVE const std::uint8_t *result_at() { return result.data(); }
EMSCRIPTEN_KEEPALIVE std::size_t result_size() { return result.size(); }
EMSCRIPTEN_KEEPALIVE const std::uint8_t *original_at() { return original.data(); }
EMSCRIPTEN_KEEPALIVE std::size_t original_size() { return original.size(); }
EMSCRIPTEN_KEEPALIVE int failure_kind() { return failure.kind; }
EMSCRIPTEN_KEEPALIVE const char *failure_at() { return failure.message.data(); }
EMSCRIPTEN_KEEPALIVE std::size_t failure_size() { return failure.message.size(); }

// Little-endian 32-bit numbers: precision, width, height, components; of each component its
// name, factors and table; the four tables, 64 numbers each; segments; of each marker, place and size.
EMSCRIPTEN_KEEPALIVE bool layout(const std::uint8_t *at, std::size_t size) {
    begin();
    Layout found;
    if (!parse({at, size}, found, failure)) return false;
    const Frame &frame = found.frame;
    put(static_cast<std::uint32_t>(frame.precision));
    put(frame.width);
    put(frame.height);
    put(static_cast<std::uint32_t>(frame.components.size()));
    for (const Component &one : frame.components) {
        put(static_cast<std::uint32_t>(one.id));
        put(static_cast<std::uint32_t>(one.h));
        put(static_cast<std::uint32_t>(one.v));
        put(static_cast<std::uint32_t>(one.quantisers));
    }
    for (const Quantisers &table : frame.quantisers)
        for (const std::uint16_t step : table) put(step);
    put(static_cast<std::uint32_t>(found.segments.size()));
    for (const Segment &segment : found.segments) {
        put(static_cast<std::uint32_t>(segment.marker));
        put(static_cast<std::uint32_t>(segment.offset));
        put(static_cast<std::uint32_t>(segment.size));
    }
    return true;
}

EMSCRIPTEN_KEEPALIVE bool begin_tokens(const std::uint8_t *at, std::size_t size,
                                       const std::uint32_t *rects, std::size_t count) {
    begin();
    task = start_tokens({at, size}, rects_of(rects, count), File::sealed, failure);
    return task != nullptr;
}

// private_parts: skeleton, recipe, dummies, tail. All have to stay until the last step.
EMSCRIPTEN_KEEPALIVE bool begin_restore(const std::uint8_t *at, std::size_t size,
                                        const std::uint32_t *rects, const std::uint32_t *regions,
                                        std::size_t count, const std::uint32_t *private_parts) {
    begin();
    original.clear();
    const std::vector<View> own = views_of(private_parts, 4);
    SealedParts parts;
    parts.regions = views_of(regions, count);
    parts.skeleton = own[0];
    parts.recipe = own[1];
    parts.dummies = own[2];
    parts.tail = own[3];
    task = start_restore({at, size}, rects_of(rects, count), std::move(parts), original, failure);
    return task != nullptr;
}

// Some more tokens are the result then. 0: failed, 1: there is more, 2: that was all.
EMSCRIPTEN_KEEPALIVE int step() {
    if (!task->step(failure)) {
        task.reset();
        return 0;
    }
    result = std::move(task->tokens);
    if (!task->done()) return 1;
    task.reset();
    return 2;
}

// Regions of size 0 are not put back.
EMSCRIPTEN_KEEPALIVE bool put_back(const std::uint8_t *at, std::size_t size,
                                   const std::uint32_t *rects, const std::uint32_t *regions,
                                   std::size_t count) {
    begin();
    const std::vector<View> views = views_of(regions, count);
    std::vector<bool> wanted;
    for (const View &view : views) wanted.push_back(view.size != 0);
    return place({at, size}, rects_of(rects, count), views, wanted, result, failure);
}

// XORs the sealing stream of chunks that each have 64 lanes.
EMSCRIPTEN_KEEPALIVE void sealing_stream(const double *mu, const double *d0, std::size_t chunk,
                                         std::uint8_t *data, std::size_t size) {
    const Lanes keys{mu, d0, 64, 256, 2, chunk};
    lanes(keys, data, data, size, 1);
}

}  // extern "C"
