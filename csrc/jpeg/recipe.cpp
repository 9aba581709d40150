#include "recipe.h"
#include "layout.h"

namespace facecrypt::jpeg {
namespace {

constexpr int has_tail = 16, has_zeros = 32;

std::uint32_t block_after(std::uint32_t before, Input &input) {
    const std::uint64_t block = before + input.varint();
    if (block > UINT32_MAX) throw Damaged("the recipe names a block that is not there");
    return static_cast<std::uint32_t>(block);
}

// A count of things that take at least a byte each.
std::size_t count(Input &input) {
    const std::uint64_t number = input.varint();
    if (number > input.left()) throw Damaged("cut short");
    return static_cast<std::size_t>(number);
}

std::vector<std::uint8_t> bytes(Input &input) {
    const View taken = input.take(count(input));
    return {taken.at, taken.at + taken.size};
}

void put_bytes(Bytes &out, const std::vector<std::uint8_t> &bytes) {
    put_varint(out, bytes.size());
    out.put(View{bytes.data(), bytes.size()});
}

void pack_one(Bytes &out, const Recipe &one) {
    const int flags = one.runs | one.padding << 2 | (one.tail.empty() ? 0 : has_tail) |
                      (one.zeros_before_end.empty() ? 0 : has_zeros);
    out.put(static_cast<std::uint8_t>(flags));
    std::uint32_t before = 0;
    if (one.runs == Recipe::listed) {
        put_varint(out, one.breaks.size());
        for (const std::uint32_t block : one.breaks) {
            put_varint(out, block - before);
            before = block;
        }
    }
    if (one.padding == Recipe::each) put_bytes(out, one.paddings);
    before = 0;
    if (!one.zeros_before_end.empty()) {
        put_varint(out, one.zeros_before_end.size());
        for (const Recipe::Zeros &zeros : one.zeros_before_end) {
            put_varint(out, zeros.block - before);
            put_varint(out, zeros.codes);
            before = zeros.block;
        }
    }
    if (!one.tail.empty()) put_bytes(out, one.tail);
}

Recipe unpack_one(Input &input) {
    Recipe one;
    const int flags = input.byte();
    one.runs = flags & 3;
    one.padding = flags >> 2 & 3;
    if (one.runs > Recipe::listed || one.padding > Recipe::each || flags >> 6 != 0)
        throw Damaged("the recipe has an unknown flag");
    std::uint32_t before = 0;
    if (one.runs == Recipe::listed)
        for (std::size_t left = count(input); left != 0; --left)
            one.breaks.push_back(before = block_after(before, input));
    if (one.padding == Recipe::each) one.paddings = bytes(input);
    before = 0;
    if (flags & has_zeros)
        for (std::size_t left = count(input); left != 0; --left) {
            before = block_after(before, input);
            const std::uint64_t codes = input.varint();
            if (codes > 4) throw Damaged("more zeros than a block has");
            one.zeros_before_end.push_back({before, static_cast<std::uint32_t>(codes)});
        }
    if (flags & has_tail) one.tail = bytes(input);
    return one;
}

}  // namespace

Bytes pack(const std::vector<Recipe> &recipes) {
    Bytes out;
    put_varint(out, recipes.size());
    for (const Recipe &one : recipes) pack_one(out, one);
    return out;
}

std::vector<Recipe> unpack(View packed) {
    Input input(packed);
    const std::uint64_t number = input.varint();
    if (number > max_scans) throw Damaged("more scans than a JPEG may have");
    std::vector<Recipe> recipes;
    for (std::uint64_t i = 0; i < number; ++i) recipes.push_back(unpack_one(input));
    if (input.left() != 0) throw Damaged("the recipe is too long");
    return recipes;
}

}  // namespace facecrypt::jpeg
