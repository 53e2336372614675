using System.Globalization;

namespace Functional.Unicode;

/// <summary>A set of code points, as a class of a pattern has it. Immutable.</summary>
abstract class CharSet
{
    public abstract bool Has(int rune);

    public CharSet Not => new Inverse(this);

    public CharSet Folded => new CaseBlind(this);

    /// <summary>Its code points as ranges in order, no two of which touch.</summary>
    public virtual IReadOnlyList<(int First, int Last)> Ranges
    {
        get
        {
            var ranges = new List<(int, int)>();
            for (var rune = 0; rune <= Last; rune++)
            {
                if (!Has(rune)) continue;
                var first = rune;
                while (rune < Last && Has(rune + 1)) rune++;
                ranges.Add((first, rune));
            }
            return ranges;
        }
    }

    const int Last = 0x10FFFF;

    public static CharSet Range(int first, int last) => new Span(first, last);

    public static CharSet Categories(uint mask) => new Masked(mask);

    public static CharSet Where(Func<int, bool> test) => new Test(test);

    public static CharSet Any(IReadOnlyList<CharSet> parts) => parts.Count == 1 ? parts[0] : new Union([.. parts]);

    public static CharSet Both(CharSet a, CharSet b) => new Intersection(a, b);

    /// <summary>The set with a table of ASCII before it.</summary>
    public CharSet Quick() => new Cached(this);

    /// <summary>The mask of a category's name, such as <c>L</c> or <c>Lu</c>; nothing where there is none.</summary>
    public static uint? Category(string name)
    {
        var mask = 0u;
        for (var i = 0; i < Names.Length / 2; i++)
            if (name.Length is 1 or 2 && Names.AsSpan(2 * i, name.Length).SequenceEqual(name)) mask |= 1u << i;
        return mask == 0 ? null : mask;
    }

    // In the order of UnicodeCategory.
    const string Names = "LuLlLtLmLoMnMcMeNdNlNoZsZlZpCcCfCsCoPcPdPsPePiPfPoSmScSkSoCn";

    sealed class Span(int first, int last) : CharSet
    {
        public override bool Has(int rune) => rune >= first && rune <= last;

        public override IReadOnlyList<(int First, int Last)> Ranges => first <= last ? [(first, last)] : [];
    }

    sealed class Masked(uint mask) : CharSet
    {
        public override bool Has(int rune) => (mask >> (int)CharUnicodeInfo.GetUnicodeCategory(rune) & 1) != 0;
    }

    sealed class Test(Func<int, bool> test) : CharSet
    {
        public override bool Has(int rune) => test(rune);
    }

    sealed class Inverse(CharSet of) : CharSet
    {
        public override bool Has(int rune) => !of.Has(rune);
    }

    sealed class Union(CharSet[] parts) : CharSet
    {
        public override bool Has(int rune)
        {
            foreach (var part in parts)
                if (part.Has(rune)) return true;
            return false;
        }
    }

    sealed class Intersection(CharSet a, CharSet b) : CharSet
    {
        public override bool Has(int rune) => a.Has(rune) && b.Has(rune);
    }

    // Every letter that folds to what some member folds to; those of ASCII and the letter's own cases suffice for the patterns there are.
    sealed class CaseBlind(CharSet of) : CharSet
    {
        public override bool Has(int rune)
        {
            var folded = CharClasses.Fold(rune);
            return of.Has(rune) || of.Has(folded)
                || (System.Text.Rune.IsValid(folded) && of.Has(System.Text.Rune.ToUpperInvariant(new System.Text.Rune(folded)).Value));
        }
    }

    sealed class Cached : CharSet
    {
        readonly CharSet of;
        readonly ulong low, high;

        public Cached(CharSet of)
        {
            this.of = of;
            for (var i = 0; i < 64; i++)
            {
                if (of.Has(i)) low |= 1UL << i;
                if (of.Has(64 + i)) high |= 1UL << i;
            }
        }

        public override bool Has(int rune) => rune < 64 ? (low >> rune & 1) != 0 : rune < 128 ? (high >> (rune - 64) & 1) != 0 : of.Has(rune);
    }
}
