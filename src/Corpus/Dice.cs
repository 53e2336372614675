using Functional.Base;

namespace Functional.Stories;

/// <summary>Draws in a row from one key: a counter that lives no longer than the function that makes it.</summary>
sealed class Dice(Key key)
{
    long drawn;

    /// <summary>A number from 0 to n-1.</summary>
    public int Below(int n) => (int)key.Below(drawn++, n);

    /// <summary>A number from low to high, both included.</summary>
    public int From(int low, int high) => low + Below(high - low + 1);

    /// <summary>True in so many of a hundred cases.</summary>
    public bool Percent(int chance) => Below(100) < chance;

    /// <summary>One of some.</summary>
    public T One<T>(Vec<T> of) => of[Below(of.Count)];

    /// <summary>One of some.</summary>
    public T One<T>(ReadOnlySpan<T> of) => of[Below(of.Length)];

    /// <summary>Some different ones, in random order.</summary>
    public Vec<T> Some<T>(Vec<T> of, int count)
    {
        var left = of.ToArray();
        for (var i = 0; i < count; i++)
        {
            var other = i + Below(left.Length - i);
            (left[i], left[other]) = (left[other], left[i]);
        }
        return Vec.Create<T>(left.AsSpan(0, count));
    }
}
