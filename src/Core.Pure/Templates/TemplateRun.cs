using System.Text;
using Functional.Base;
using V = Functional.Templates.TemplateValue;

namespace Functional.Templates;

/// <summary>One rendering: the text so far, the names in force, and what has been spent.</summary>
sealed class TemplateRun
{
    readonly TemplateLimits limits;
    readonly Scope globals;
    readonly List<(int Start, int End)> generated = [];
    StringBuilder output = new();
    bool captures;
    long steps;
    int depth;

    TemplateRun(TemplateLimits limits, IEnumerable<(string Name, V Value)> names)
    {
        (this.limits, globals) = (limits, new(null));
        foreach (var (name, value) in names) globals.Set(name, value);
    }

    // How a body ended.
    enum Ending { Plain, Continue, Break }

    sealed class Scope(Scope? outer)
    {
        readonly Dictionary<string, V> names = new(StringComparer.Ordinal);

        public void Set(string name, V value) => names[name] = value;

        public V? Find(string name)
        {
            for (var scope = this; scope is not null; scope = scope.Outer)
                if (scope.names.TryGetValue(name, out var value)) return value;
            return null;
        }

        Scope? Outer => outer;
    }

    /// <summary>The text of a template, and where in it the assistant's own words stand.</summary>
    /// <exception cref="TemplateException">Something cannot be done, or is too much.</exception>
    public static (string Text, Vec<(int Start, int End)> Generated) Render(Vec<Node> nodes, IEnumerable<(string Name, V Value)> names, TemplateLimits limits)
    {
        var run = new TemplateRun(limits, names);
        _ = run.Body(nodes, run.globals);
        return (run.output.ToString(), run.generated.ToVec());
    }

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

    /// <summary><c>target[key]</c>.</summary>
    public static V Item(Spot at, V target, V key)
    {
        switch (target)
        {
            case V.Undefined: throw new TemplateException(at, $"{target.Kind} has no item {PythonText.Of(key)}");
            case V.Map map when map.Held.Find(key) is { } found: return found;
            case V.List or V.Text when Operators.Whole(key) is { } index:
                if (target is V.List list) return index >= -list.Items.Count && index < list.Items.Count
                    ? list.Items[(int)(index < 0 ? index + list.Items.Count : index)] : Missing(at, target, key);
                var text = ((V.Text)target).Value;
                var count = CodePoints.Count(text);
                return index >= -count && index < count ? V.Of(CodePoints.Pick(text, [(int)(index < 0 ? index + count : index)])) : Missing(at, target, key);
            default: return key is V.Text name && TemplateMethods.Find(target, name.Value) is { } member ? member : Missing(at, target, key);
        }
    }

    static V.Undefined Missing(Spot at, V target, V key) => new($"item {PythonText.Of(key)} of {target.Kind} at line {at.Line}");

    Ending Body(Vec<Node> nodes, Scope scope)
    {
        foreach (var node in nodes)
            if (Do(node, scope) is not Ending.Plain and var ending) return ending;
        return Ending.Plain;
    }

    void Write(Spot at, string text)
    {
        if (output.Length + (long)text.Length > limits.Size) throw new TemplateException(at, $"the text has more than {limits.Size} characters");
        Step(at, 1 + (text.Length / 16));
        _ = output.Append(text);
    }

    void Enter(Spot at)
    {
        if (++depth > limits.Depth) throw new TemplateException(at, $"the template goes more than {limits.Depth} deep",
            "allowed: less, that is macros that end");
    }

    Ending Do(Node node, Scope scope)
    {
        Enter(node.At);
        Step(node.At, 1);
        var ending = Ending.Plain;
        switch (node)
        {
            case Node.Text text: Write(text.At, text.Value); break;
            case Node.Print print: Write(print.At, PythonText.Of(Value(print.Value, scope))); break;
            case Node.If choice:
                ending = Body(choice.Branches.FirstOrDefault(b => Value(b.Test, scope).Truth) is { Test: not null } branch ? branch.Body : choice.Else, scope);
                break;
            case Node.For loop: ending = For(loop, scope); break;
            case Node.Set set: Assign(set, Value(set.Value, scope), scope); break;
            case Node.SetBlock set: Assign(set.At, set.Target, Captured(set.Body, set.Value, scope), scope); break;
            case Node.FilterBlock block: Write(block.At, PythonText.Of(Captured(block.Body, block.Value, scope))); break;
            case Node.Macro macro: scope.Set(macro.Name, Macro(macro, scope)); break;
            case Node.Leave leave: ending = leave.All ? Ending.Break : Ending.Continue; break;
            case Node.Generation generation: ending = Generation(generation, scope); break;
            default: throw new System.Diagnostics.UnreachableException();
        }
        depth--;
        return ending;
    }

    Ending Generation(Node.Generation generation, Scope scope)
    {
        if (captures) throw new TemplateException(generation.At, "generation stands inside a macro, set or filter",
            "allowed: where its text goes straight into the result");
        var start = output.Length;
        var ending = Body(generation.Body, new(scope));
        generated.Add((start, output.Length));
        return ending;
    }

    Ending For(Node.For loop, Scope scope)
    {
        var items = Each(loop.At, Value(loop.Over, scope));
        if (loop.Keep is { } keep)
        {
            items = [.. items.Where(item =>
            {
                var inner = new Scope(scope);
                Unpack(loop, item, inner);
                return Value(keep, inner).Truth;
            })];
        }
        var seen = new Dictionary<string, V>();
        for (var i = 0; i < items.Count; i++)
        {
            Step(loop.At, 1);
            var inner = new Scope(scope);
            inner.Set("loop", new V.Loop(items, i, seen));
            Unpack(loop, items[i], inner);
            if (Body(loop.Body, inner) == Ending.Break) break;
        }
        return items.Count == 0 ? Body(loop.Else, new(scope)) : Ending.Plain;
    }

    void Unpack(Node.For loop, V item, Scope scope)
    {
        if (loop.Targets.Count == 1) { scope.Set(loop.Targets[0], item); return; }
        var parts = Each(loop.At, item);
        if (parts.Count != loop.Targets.Count) throw new TemplateException(loop.At, $"{parts.Count} values stand for {loop.Targets.Count} names");
        for (var i = 0; i < parts.Count; i++) scope.Set(loop.Targets[i], parts[i]);
    }

    void Assign(Node.Set set, V value, Scope scope)
    {
        if (set.Targets.Count == 1) { Assign(set.At, set.Targets[0], value, scope); return; }
        var parts = Each(set.At, value);
        if (parts.Count != set.Targets.Count) throw new TemplateException(set.At, $"{parts.Count} values stand for {set.Targets.Count} names");
        for (var i = 0; i < parts.Count; i++) Assign(set.At, set.Targets[i], parts[i], scope);
    }

    static void Assign(Spot at, Target target, V value, Scope scope)
    {
        if (target.Member is null) scope.Set(target.Name, value);
        else if (scope.Find(target.Name) is V.Cell cell) cell.Members[target.Member] = value;
        else throw new TemplateException(at, $"'{target.Name}' is no namespace", "allowed: a member of what namespace(…) made");
    }

    V Captured(Vec<Node> body, Expression value, Scope scope)
    {
        var inner = new Scope(scope);
        inner.Set(Node.Captured, V.Of(Apart(body, inner)));
        return Value(value, inner);
    }

    string Apart(Vec<Node> body, Scope scope)
    {
        var (before, outer) = (output, captures);
        (output, captures) = (new(), true);
        _ = Body(body, scope);
        var text = output.ToString();
        (output, captures) = (before, outer);
        return text;
    }

    V.Function Macro(Node.Macro macro, Scope scope) => new(macro.Name, given =>
    {
        given.Only(macro.Name, [.. macro.Parameters.Select(static p => p.Name)]);
        var inner = new Scope(scope);
        for (var i = 0; i < macro.Parameters.Count; i++)
        {
            var (name, otherwise) = macro.Parameters[i];
            inner.Set(name, given.Find(i, name) ?? (otherwise is null ? new V.Undefined(name) : Value(otherwise, inner)));
        }
        return V.Of(Apart(macro.Body, inner));
    });

    V Value(Expression expression, Scope scope)
    {
        Enter(expression.At);
        Step(expression.At, 1);
        var value = expression switch
        {
            Expression.Constant c => c.Value,
            Expression.Name n => scope.Find(n.Text) ?? new V.Undefined(n.Text),
            Expression.Items l => new V.List([.. l.Of.Select(item => Value(item, scope))], l.Tuple),
            Expression.Entries m => new V.Map(new([.. m.Of.Select(e => (Key(e.Key, scope), Value(e.Value, scope)))])),
            Expression.Member m => Member(m, Value(m.Target, scope)),
            Expression.Item i => Item(i.At, Value(i.Target, scope), Value(i.Key, scope)),
            Expression.Slice s => Slice(s, Value(s.Target, scope), scope),
            Expression.Call c => Call(c, scope),
            Expression.Filter f => TemplateFilters.Apply(f.Text, Value(f.Target, scope), Given(f.At, f.Arguments, scope)),
            Expression.Test t => V.Of(TemplateTests.Holds(t.Text, Value(t.Target, scope), Given(t.At, t.Arguments, scope)) != t.Negated),
            Expression.Unary { Sign: "not" } u => V.Of(!Value(u.Of, scope).Truth),
            Expression.Unary u => Operators.Signed(u.At, u.Sign, Value(u.Of, scope)),
            Expression.Binary { Sign: "and" } b => Value(b.Left, scope) is { Truth: false } left ? left : Value(b.Right, scope),
            Expression.Binary { Sign: "or" } b => Value(b.Left, scope) is { Truth: true } left ? left : Value(b.Right, scope),
            Expression.Binary b => Operators.Binary(this, b.At, b.Sign, Value(b.Left, scope), Value(b.Right, scope)),
            Expression.Compare c => V.Of(Compare(c, scope)),
            Expression.Choice c => Value(c.When, scope).Truth ? Value(c.Then, scope) : c.Else is { } otherwise ? Value(otherwise, scope)
                : new V.Undefined("the value of an if without else"),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        depth--;
        return value;
    }

    V Key(Expression key, Scope scope) => Value(key, scope) is var value && TemplateMap.Id(value) is not null ? value
        : throw new TemplateException(key.At, $"{value.Kind} cannot be a key", "expected a string or a number");

    static V Member(Expression.Member m, V target) => target switch
    {
        V.Undefined => throw new TemplateException(m.At, $"{target.Kind} has no member '{m.Text}'"),
        _ when TemplateMethods.Find(target, m.Text) is { } member => member,
        V.Map map when map.Held.Find(m.Text) is { } found => found,
        _ => new V.Undefined(m.Text),
    };

    V Slice(Expression.Slice s, V target, Scope scope)
    {
        long? Place(Expression? of) => of is null ? null : Value(of, scope) switch
        {
            V.None => null,
            var value => Operators.Whole(value) ?? throw new TemplateException(s.At, $"{value.Kind} stands in a slice", "expected whole numbers"),
        };
        var (from, to, step) = (Place(s.From), Place(s.To), Place(s.Step) ?? 1);
        if (step == 0) throw new TemplateException(s.At, "the step of a slice is 0", "expected another");
        switch (target)
        {
            case V.List list:
                return new V.List(Made(s.At, [.. CodePoints.Slice(list.Items.Count, from, to, step).Select(i => list.Items[i])]), list.Tuple);
            case V.Text text:
                _ = Room(s.At, text.Value.Length);
                return V.Of(CodePoints.Pick(text.Value, CodePoints.Slice(CodePoints.Count(text.Value), from, to, step)));
            default: throw new TemplateException(s.At, $"{target.Kind} cannot be sliced", "expected a list or a string");
        }
    }

    V Call(Expression.Call call, Scope scope) => Value(call.Target, scope) switch
    {
        V.Function function => function.Body(Given(call.At, call.Arguments, scope)),
        var other => throw new TemplateException(call.At, $"{other.Kind} cannot be called"),
    };

    Arguments Given(Spot at, Vec<Argument> arguments, Scope scope) => arguments.Count == 0 ? new(this, at, [], []) : new(this, at,
        [.. arguments.Where(static a => a.Name is null).Select(a => Value(a.Value, scope))],
        [.. arguments.Where(static a => a.Name is not null).Select(a => (a.Name!, Value(a.Value, scope)))]);

    bool Compare(Expression.Compare compare, Scope scope)
    {
        var left = Value(compare.First, scope);
        foreach (var (sign, expression) in compare.Rest)
        {
            var right = Value(expression, scope);
            if (!Operators.Holds(expression.At, sign, left, right)) return false;
            left = right;
        }
        return true;
    }
}
