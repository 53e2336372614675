namespace Functional.Base;

/// <summary>
/// The numbers of Threefry-2x32 with 20 rounds (Salmon et al. 2011), which every engine draws random bits by: rounds go in groups of four, and the
/// rotations of even and odd groups take turns; between groups comes the key, whose third word is the parity of the other two.
/// </summary>
static class Threefry
{
    /// <summary>The third key word is this, exclusive-or the two others.</summary>
    public const uint Parity = 0x1BD11BDA;

    /// <summary>The rotations of an even group, in order.</summary>
    public const byte Even0 = 13, Even1 = 15, Even2 = 26, Even3 = 6;

    /// <summary>The rotations of an odd group, in order.</summary>
    public const byte Odd0 = 17, Odd1 = 29, Odd2 = 16, Odd3 = 24;
}
