using Functional.Base;

namespace Functional.Stories;

/// <summary>Somebody in a story.</summary>
/// <param name="Name">Unique among people.</param>
/// <param name="Pronoun"><c>he</c> or <c>she</c>.</param>
public sealed record Person(string Name, string Pronoun)
{
    /// <summary>The name.</summary>
    public override string ToString() => Name;
}

/// <summary>Somewhere to be.</summary>
/// <param name="Preposition">As in <c>in the kitchen</c>.</param>
/// <param name="Name">Unique among places.</param>
public sealed record Place(string Preposition, string Name)
{
    /// <summary>As <c>in the kitchen</c>.</summary>
    public string At => $"{Preposition} the {Name}";

    /// <summary>As <c>the kitchen</c>.</summary>
    public override string ToString() => $"the {Name}";
}

/// <summary>Something that there is one of, which lies somewhere or is held by somebody.</summary>
/// <param name="Look">An adjective.</param>
/// <param name="Noun">Unique among the things of one story.</param>
public sealed record Thing(string Look, string Noun)
{
    /// <summary>As <c>an old lamp</c>.</summary>
    public string A => $"{(Look[0] is 'a' or 'e' or 'i' or 'o' or 'u' ? "an" : "a")} {Look} {Noun}";

    /// <summary>As <c>the old lamp</c>.</summary>
    public override string ToString() => $"the {Look} {Noun}";
}

/// <summary>Something that people have a number of.</summary>
/// <param name="One">As <c>apple</c>.</param>
/// <param name="Many">As <c>apples</c>.</param>
/// <param name="Spent">What somebody does who has fewer afterwards, as <c>ate</c>.</param>
public sealed record Goods(string One, string Many, string Spent)
{
    /// <summary>As <c>1 apple</c>, <c>2 apples</c>, <c>no apples</c>.</summary>
    public string Count(int n) => n switch { 0 => $"no {Many}", 1 => $"1 {One}", _ => $"{n} {Many}" };

    /// <summary>As <c>apples</c>.</summary>
    public override string ToString() => Many;
}

/// <summary>All that the small world is made of.</summary>
public static class Lexicon
{
    /// <summary>People, one for each first letter.</summary>
    public static Vec<Person> People { get; } =
    [
        new("Anna", "she"), new("Ben", "he"), new("Clara", "she"), new("David", "he"), new("Emma", "she"), new("Finn", "he"),
        new("Grace", "she"), new("Hugo", "he"), new("Iris", "she"), new("Jack", "he"), new("Kate", "she"), new("Leo", "he"),
        new("Mia", "she"), new("Noah", "he"), new("Olga", "she"), new("Paul", "he"), new("Queenie", "she"), new("Rosa", "she"),
        new("Sam", "he"), new("Tom", "he"), new("Uma", "she"), new("Victor", "he"), new("Wendy", "she"), new("Xavier", "he"),
        new("Yara", "she"), new("Zack", "he"),
    ];

    /// <summary>Places.</summary>
    public static Vec<Place> Places { get; } =
    [
        new("in", "kitchen"), new("in", "garden"), new("at", "school"), new("in", "park"), new("at", "market"), new("by", "river"),
        new("in", "barn"), new("on", "hill"), new("at", "beach"), new("in", "library"), new("in", "forest"), new("at", "station"),
        new("in", "attic"), new("by", "lake"), new("at", "mill"), new("in", "tower"),
    ];

    /// <summary>Adjectives of things.</summary>
    public static Vec<string> Looks { get; } = ["red", "blue", "green", "yellow", "white", "black", "small", "big", "old", "new", "orange", "shiny"];

    /// <summary>Nouns of things.</summary>
    public static Vec<string> Nouns { get; } =
    [
        "ball", "book", "lamp", "key", "hat", "cup", "drum", "kite", "map", "box", "coat", "bell", "clock", "doll", "flute", "spoon", "umbrella", "basket",
    ];

    /// <summary>What people have numbers of.</summary>
    public static Vec<Goods> Goods { get; } =
    [
        new("apple", "apples", "ate"), new("pear", "pears", "ate"), new("nut", "nuts", "ate"), new("cherry", "cherries", "ate"),
        new("cookie", "cookies", "ate"), new("coin", "coins", "spent"), new("shell", "shells", "lost"), new("stone", "stones", "dropped"),
        new("card", "cards", "lost"), new("button", "buttons", "lost"),
    ];

    /// <summary>Words for exercises.</summary>
    public static Vec<string> Words { get; } =
    [
        "sun", "moon", "star", "rain", "snow", "wind", "tree", "leaf", "rose", "bird", "fish", "frog", "fox", "bear", "goat", "horse", "zebra",
        "mouse", "bread", "jam", "milk", "salt", "quilt", "table", "chair", "door", "window", "wall", "roof", "road", "bridge", "boat", "wagon",
        "wheel", "violin", "candle", "pencil", "paper", "pocket", "ladder", "hammer", "blanket", "jacket", "lizard", "yellow", "purple", "silver", "golden",
    ];
}
