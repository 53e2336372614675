using System.Diagnostics;

namespace Functional.Stories;

/// <summary>Something that is true in a <see cref="World"/>.</summary>
public abstract record Fact
{
    Fact() { }

    /// <summary>A person is at a place.</summary>
    /// <param name="Who">The person.</param>
    /// <param name="Where">The place.</param>
    public sealed record IsAt(Person Who, Place Where) : Fact;

    /// <summary>A thing lies at a place, held by nobody.</summary>
    /// <param name="What">The thing.</param>
    /// <param name="Where">The place.</param>
    public sealed record Lies(Thing What, Place Where) : Fact;

    /// <summary>A person holds a thing.</summary>
    /// <param name="Who">The person.</param>
    /// <param name="What">The thing.</param>
    public sealed record Holds(Person Who, Thing What) : Fact;

    /// <summary>A person has a number of something.</summary>
    /// <param name="Who">The person.</param>
    /// <param name="Count">How many, from 0.</param>
    /// <param name="What">Of what.</param>
    public sealed record Has(Person Who, int Count, Goods What) : Fact;

    /// <summary>The fact as a sentence.</summary>
    public sealed override string ToString() => this switch
    {
        IsAt f => $"{f.Who} is {f.Where.At}.",
        Lies f => $"{Sentence.Upper(f.What.ToString())} lies {f.Where.At}.",
        Holds f => $"{f.Who} holds {f.What}.",
        Has f => $"{f.Who} has {f.What.Count(f.Count)}.",
        _ => throw new UnreachableException(),
    };
}
