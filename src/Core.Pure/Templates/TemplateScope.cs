using V = Functional.Templates.TemplateValue;

namespace Functional.Templates;

/// <summary>Names in force, before those of the scopes around.</summary>
sealed class TemplateScope(TemplateScope? outer)
{
    readonly Dictionary<string, V> names = new(StringComparer.Ordinal);

    public void Set(string name, V value) => names[name] = value;

    public V? Find(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
            if (scope.names.TryGetValue(name, out var value)) return value;
        return null;
    }

    TemplateScope? Outer => outer;
}
