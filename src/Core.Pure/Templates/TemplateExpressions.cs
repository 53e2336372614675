using Functional.Base;
using V = Functional.Templates.TemplateValue;

namespace Functional.Templates;

/// <summary>Values of expressions.</summary>
sealed class TemplateExpressions(TemplateBudget budget)
{
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

    /// <summary>The value of an expression.</summary>
    /// <exception cref="TemplateException">Something cannot be done, or is too much.</exception>
    public V Value(Expression expression, TemplateScope scope)
    {
        budget.Enter(expression.At);
        budget.Step(expression.At, 1);
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
            Expression.Binary b => Operators.Binary(budget, b.At, b.Sign, Value(b.Left, scope), Value(b.Right, scope)),
            Expression.Compare c => V.Of(Compare(c, scope)),
            Expression.Choice c => Value(c.When, scope).Truth ? Value(c.Then, scope) : c.Else is { } otherwise ? Value(otherwise, scope)
                : new V.Undefined("the value of an if without else"),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        budget.Leave();
        return value;
    }

    V Key(Expression key, TemplateScope scope) => Value(key, scope) is var value && TemplateMap.Id(value) is not null ? value
        : throw new TemplateException(key.At, $"{value.Kind} cannot be a key", "expected a string or a number");

    static V Member(Expression.Member m, V target) => target switch
    {
        V.Undefined => throw new TemplateException(m.At, $"{target.Kind} has no member '{m.Text}'"),
        _ when TemplateMethods.Find(target, m.Text) is { } member => member,
        V.Map map when map.Held.Find(m.Text) is { } found => found,
        _ => new V.Undefined(m.Text),
    };

    V Slice(Expression.Slice s, V target, TemplateScope scope)
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
                return new V.List(budget.Made(s.At, [.. CodePoints.Slice(list.Items.Count, from, to, step).Select(i => list.Items[i])]), list.Tuple);
            case V.Text text:
                _ = budget.Room(s.At, text.Value.Length);
                return V.Of(CodePoints.Pick(text.Value, CodePoints.Slice(CodePoints.Count(text.Value), from, to, step)));
            default: throw new TemplateException(s.At, $"{target.Kind} cannot be sliced", "expected a list or a string");
        }
    }

    V Call(Expression.Call call, TemplateScope scope) => Value(call.Target, scope) switch
    {
        V.Function function => function.Body(Given(call.At, call.Arguments, scope)),
        var other => throw new TemplateException(call.At, $"{other.Kind} cannot be called"),
    };

    Arguments Given(Spot at, Vec<Argument> arguments, TemplateScope scope) => arguments.Count == 0 ? new(budget, at, [], []) : new(budget, at,
        [.. arguments.Where(static a => a.Name is null).Select(a => Value(a.Value, scope))],
        [.. arguments.Where(static a => a.Name is not null).Select(a => (a.Name!, Value(a.Value, scope)))]);

    bool Compare(Expression.Compare compare, TemplateScope scope)
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
