using V = Functional.Templates.TemplateValue;

namespace Functional.Templates;

/// <summary>What one rendering has spent, and what it makes and goes through within its limits.</summary>
sealed class TemplateBudget(TemplateLimits limits)
{
    long steps;
    int depth;

    /// <summary>How much there is to spend.</summary>
    public TemplateLimits Limits => limits;

    /// <summary>Spends steps.</summary>
    public void Step(Spot at, long count)
    {
        if ((steps += count) > limits.Steps) throw new TemplateException(at, $"the template takes more than {limits.Steps} steps",
            "allowed: less of them, that is shorter loops");
    }

    /// <summary>Spends what so many characters or items cost; too many are refused.</summary>
    public bool Room(Spot at, Int128 size)
    {
        if (size > limits.Size) throw new TemplateException(at, $"the template makes a value of more than {limits.Size} characters or items");
        Step(at, 1 + (long)(size / 16));
        return true;
    }

    /// <summary>Two texts together.</summary>
    public V Made(Spot at, string a, string b)
    {
        _ = Room(at, (long)a.Length + b.Length);
        return V.Of(a + b);
    }

    /// <summary>Items that were just made.</summary>
    public V[] Made(Spot at, V[] items)
    {
        _ = Room(at, items.Length);
        return items;
    }

    /// <summary>A list that was just made.</summary>
    public V Counted(Spot at, V list)
    {
        _ = Room(at, ((V.List)list).Items.Count);
        return list;
    }

    /// <summary>The texts of items with another between them.</summary>
    public V Join(Spot at, IReadOnlyList<V> items, string between, bool mustBeText)
    {
        if (mustBeText && items.FirstOrDefault(static i => i is not V.Text) is { } other)
            throw new TemplateException(at, $"{other.Kind} cannot be joined", "expected strings");
        string[] texts = [.. items.Select(PythonText.Of)];
        _ = Room(at, texts.Aggregate((Int128)between.Length * texts.Length, static (sum, t) => sum + t.Length));
        return V.Of(string.Join(between, texts));
    }

    /// <summary>What a loop goes through.</summary>
    public IReadOnlyList<V> Each(Spot at, V value)
    {
        IReadOnlyList<V> items = value switch
        {
            V.List list => list.Items,
            V.Map map => [.. map.Held.Entries.Select(static e => e.Key)],
            V.Text text => [.. CodePoints.Each(text.Value).Select(V.Of)],
            V.Undefined => [],
            V.Loop loop => loop.Items,
            _ => throw new TemplateException(at, $"{value.Kind} cannot be gone through", "expected a list, a mapping or a string"),
        };
        _ = Room(at, items.Count);
        return items;
    }

    /// <summary>Goes one deeper, until <see cref="Leave"/>.</summary>
    public void Enter(Spot at)
    {
        if (++depth > limits.Depth) throw new TemplateException(at, $"the template goes more than {limits.Depth} deep",
            "allowed: less, that is macros that end");
    }

    /// <summary>Comes back from where <see cref="Enter"/> went.</summary>
    public void Leave() => depth--;
}
