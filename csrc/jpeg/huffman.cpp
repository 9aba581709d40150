#include "huffman.h"
#include "failure.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace facecrypt::jpeg {
namespace {

// The numbers that `size` bits stand for: T.81 F.2.2.1, EXTEND.
std::int16_t extend(int bits, int size) noexcept {
    return static_cast<std::int16_t>(bits < 1 << (size - 1) ? bits + 1 - (1 << size) : bits);
}

void fill(DecodeTable &table, std::uint32_t code, int length, std::uint8_t symbol) noexcept {
    const int spare = DecodeTable::bits - length, size = symbol & 15;
    for (int tail = 0; tail < 1 << spare; ++tail) {
        DecodeTable::Entry &entry = table.lookup[(code << spare) | static_cast<unsigned>(tail)];
        entry = {0, symbol, static_cast<std::uint8_t>(length)};
        if (size > spare) continue;
        if (size != 0) entry.value = extend(tail >> (spare - size), size);
        entry.length = static_cast<std::uint8_t>((length + size) | DecodeTable::whole);
    }
}

// One tree of T.81 figure K.1.
struct Tree {
    std::uint64_t count;
    std::size_t symbol, next;  // next: of the list of the symbols in one tree
    int length = 0;
};
constexpr std::size_t none = SIZE_MAX;

// The least, and of those the last; `but` is left out.
std::size_t rarest(const std::vector<Tree> &trees, std::size_t but) noexcept {
    std::size_t found = none;
    for (std::size_t i = 0; i < trees.size(); ++i)
        if (trees[i].count != 0 && i != but &&
            (found == none || trees[i].count <= trees[found].count))
            found = i;
    return found;
}

// Every symbol of the tree one bit longer; returns the last.
std::size_t lengthen(std::vector<Tree> &trees, std::size_t i) noexcept {
    for (;; i = trees[i].next) {
        ++trees[i].length;
        if (trees[i].next == none) return i;
    }
}

// Figure K.3: codes of more than 16 bits are made shorter, others longer.
void shorten(std::array<int, 258> &counts) noexcept {
    for (std::size_t i = 257; i > 16; --i)
        while (counts[i] > 0) {
            std::size_t j = i - 2;
            while (counts[j] == 0) --j;
            counts[i] -= 2;
            ++counts[i - 1];
            counts[j + 1] += 2;
            --counts[j];
        }
}

}  // namespace

std::size_t Spec::size() const noexcept {
    return std::accumulate(counts.begin(), counts.end(), std::size_t{0});
}

bool Spec::has_symbols_once() const noexcept {
    std::array<bool, 256> seen{};
    for (std::size_t i = 0; i < size(); ++i)
        if (std::exchange(seen[symbols[i]], true)) return false;
    return true;
}

void check(const Spec &spec) {
    std::uint32_t code = 0;
    for (int length = 1; length <= 16; ++length, code <<= 1)
        if ((code += spec.counts[static_cast<std::size_t>(length)]) > 1u << length)
            throw Refused("a Huffman table has too many codes");
}

DecodeTable::DecodeTable(const Spec &spec) : lookup{}, first{}, past{}, number{} {
    check(spec);
    symbols = spec.symbols;
    std::uint32_t code = 0, k = 0;
    for (std::size_t length = 1; length <= 16; ++length, code <<= 1) {
        first[length] = code;
        number[length] = k;
        for (int i = 0; i < spec.counts[length]; ++i, ++code, ++k)
            if (length <= bits) fill(*this, code, static_cast<int>(length), symbols[k]);
        past[length] = code;
    }
}

DecodeTable::Entry DecodeTable::find_long(std::uint32_t next) const {
    for (std::size_t length = bits + 1; length <= 16; ++length) {
        const std::uint32_t code = next >> (16 - length);
        if (code >= first[length] && code < past[length])
            return {0, symbols[number[length] + code - first[length]],
                    static_cast<std::uint8_t>(length)};
    }
    throw Refused("a code that no Huffman table has");
}

AcTable::AcTable(const Spec &spec) : each(spec) {
    for (unsigned i = 0; i < 1u << bits; ++i) {
        Entry entry{0, {0, 0}, 0, 0};
        unsigned used = 0, found = 0;
        for (bool ended = false; !ended;) {
            const DecodeTable::Entry next = each.lookup[i << used & ((1u << bits) - 1)];
            const unsigned length = next.length & 127u;
            ended = next.length != 0 && next.symbol == 0;
            const bool whole = next.length & DecodeTable::whole && next.value != 0 &&
                               next.value >= -128 && next.value <= 127;
            if (used + length > bits || !(ended || (whole && found < 2))) break;
            used += length;
            if (ended) {
                entry.how |= ends;
            } else {
                entry.places = static_cast<std::uint8_t>(entry.places + (next.symbol >> 4) + 1);
                entry.mask |= 1u << (entry.places - 1);
                entry.values[found++] = static_cast<std::int8_t>(next.value);
            }
        }
        entry.how = static_cast<std::uint8_t>(entry.how | found << 5 | used);
        if (used == 0) entry.places = unsure;
        lookup[i] = entry;
    }
}

EncodeTable::EncodeTable(const Spec &spec, bool ac) {
    std::uint32_t next = 0;
    std::size_t k = 0;
    for (std::uint32_t length = 1; length <= 16; ++length, next <<= 1)
        for (int i = 0; i < spec.counts[length]; ++i, ++next, ++k) {
            Code &code = codes[spec.symbols[k]];
            // Of two codes of a symbol the first.
            if (code.length == 0) code = {next, length};
        }
    if (!ac) return;
    for (int run = 0; run < 16; ++run)
        for (int number = least; number <= most; ++number) {
            const Sized one(number);
            const Code code = codes[static_cast<std::size_t>(run << 4 | one.size)];
            if (code.length == 0 || number == 0) continue;
            const auto size = static_cast<std::uint32_t>(one.size);
            small[place(run, number)] = {code.bits << size | one.bits, code.length + size};
        }
}

Spec optimal(const Counts &counts) {
    std::vector<Tree> trees;
    for (std::size_t symbol = 0; symbol < 256; ++symbol)
        if (counts[symbol] != 0) trees.push_back({counts[symbol], symbol, none});
    trees.push_back({1, 256, none});  // reserves the code of ones alone
    for (;;) {
        const std::size_t a = rarest(trees, none), b = rarest(trees, a);
        if (b == none) break;
        trees[a].count += trees[b].count;
        trees[b].count = 0;
        trees[lengthen(trees, a)].next = b;
        lengthen(trees, b);
    }
    std::array<int, 258> lengths{};
    for (const Tree &tree : trees) ++lengths[static_cast<std::size_t>(tree.length)];
    lengths[0] = 0;  // a lone tree has no bits
    shorten(lengths);
    for (std::size_t i = 16; i > 0; --i)
        if (lengths[i] != 0) {
            --lengths[i];  // the reserved one, which is the longest
            break;
        }
    Spec spec;
    for (std::size_t i = 1; i <= 16; ++i) spec.counts[i] = static_cast<std::uint8_t>(lengths[i]);
    std::stable_sort(trees.begin(), trees.end(),
                     [](const Tree &a, const Tree &b) { return a.length < b.length; });
    std::size_t k = 0;
    for (const Tree &tree : trees)
        if (tree.symbol < 256) spec.symbols[k++] = static_cast<std::uint8_t>(tree.symbol);
    return spec;
}

}  // namespace facecrypt::jpeg
