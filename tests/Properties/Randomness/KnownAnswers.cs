using Xunit;

namespace Functional.Tests.Properties.Randomness;

/// <summary>The vectors that Random123 publishes for threefry2x32 with 20 rounds, and FNV-1a's for names.</summary>
public class KnownAnswers
{
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0x6b200159u, 0x99ba4efeu)]
    [InlineData(~0u, ~0u, ~0u, ~0u, 0x1cb996fcu, 0xbb002be7u)]
    [InlineData(0x13198a2eu, 0x03707344u, 0x243f6a88u, 0x85a308d3u, 0xc4923a9cu, 0x483df7a0u)]
    public void Threefry(uint a, uint b, uint c0, uint c1, uint x, uint y) => Assert.Equal((x, y), new Key(a, b).Bits(c0, c1));

    [Theory]
    [InlineData("", 0x811c9dc5u)]
    [InlineData("a", 0xe40c292cu)]
    [InlineData("foobar", 0xbf9cf968u)]
    public void Names(string name, uint hash) => Assert.Equal(hash, Key.StreamOf(name));
}
