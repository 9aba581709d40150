#include "network.h"
namespace facecrypt {
bool Network::build(const Blocks &, std::size_t) noexcept { return true; }
}
