using System.Text;
using Functional.Base;
using V = Functional.Templates.TemplateValue;

namespace Functional.Templates;

/// <summary>One rendering: the text so far and the names in force.</summary>
sealed class TemplateRun
{
    readonly TemplateBudget budget;
    readonly TemplateExpressions expressions;
    readonly TemplateScope globals;
    readonly List<(int Start, int End)> generated = [];
    StringBuilder output = new();
    bool captures;

    TemplateRun(TemplateLimits limits, IEnumerable<(string Name, V Value)> names)
    {
        (budget, globals) = (new(limits), new(null));
        expressions = new(budget);
        foreach (var (name, value) in names) globals.Set(name, value);
    }

    // How a body ended.
    enum Ending { Plain, Continue, Break }

    /// <summary>The text of a template, and where in it the assistant's own words stand.</summary>
    /// <exception cref="TemplateException">Something cannot be done, or is too much.</exception>
    public static (string Text, Vec<(int Start, int End)> Generated) Render(Vec<Node> nodes, IEnumerable<(string Name, V Value)> names, TemplateLimits limits)
    {
        var run = new TemplateRun(limits, names);
        _ = run.Body(nodes, run.globals);
        return (run.output.ToString(), run.generated.ToVec());
    }

    Ending Body(Vec<Node> nodes, TemplateScope scope)
    {
        foreach (var node in nodes)
            if (Do(node, scope) is not Ending.Plain and var ending) return ending;
        return Ending.Plain;
    }

    void Write(Spot at, string text)
    {
        if (output.Length + (long)text.Length > budget.Limits.Size) throw new TemplateException(at, $"the text has more than {budget.Limits.Size} characters");
        budget.Step(at, 1 + (text.Length / 16));
        _ = output.Append(text);
    }

    Ending Do(Node node, TemplateScope scope)
    {
        budget.Enter(node.At);
        budget.Step(node.At, 1);
        var ending = Ending.Plain;
        switch (node)
        {
            case Node.Text text: Write(text.At, text.Value); break;
            case Node.Print print: Write(print.At, PythonText.Of(expressions.Value(print.Value, scope))); break;
            case Node.If choice:
                ending = Body(choice.Branches.FirstOrDefault(b => expressions.Value(b.Test, scope).Truth) is { Test: not null } branch ? branch.Body : choice.Else, scope);
                break;
            case Node.For loop: ending = For(loop, scope); break;
            case Node.Set set: Assign(set, expressions.Value(set.Value, scope), scope); break;
            case Node.SetBlock set: Assign(set.At, set.Target, Captured(set.Body, set.Value, scope), scope); break;
            case Node.FilterBlock block: Write(block.At, PythonText.Of(Captured(block.Body, block.Value, scope))); break;
            case Node.Macro macro: scope.Set(macro.Name, Macro(macro, scope)); break;
            case Node.Leave leave: ending = leave.All ? Ending.Break : Ending.Continue; break;
            case Node.Generation generation: ending = Generation(generation, scope); break;
            default: throw new System.Diagnostics.UnreachableException();
        }
        budget.Leave();
        return ending;
    }

    Ending Generation(Node.Generation generation, TemplateScope scope)
    {
        if (captures) throw new TemplateException(generation.At, "generation stands inside a macro, set or filter",
            "allowed: where its text goes straight into the result");
        var start = output.Length;
        var ending = Body(generation.Body, new(scope));
        generated.Add((start, output.Length));
        return ending;
    }

    Ending For(Node.For loop, TemplateScope scope)
    {
        var items = budget.Each(loop.At, expressions.Value(loop.Over, scope));
        if (loop.Keep is { } keep)
        {
            items = [.. items.Where(item =>
            {
                var inner = new TemplateScope(scope);
                Unpack(loop, item, inner);
                return expressions.Value(keep, inner).Truth;
            })];
        }
        var seen = new Dictionary<string, V>();
        for (var i = 0; i < items.Count; i++)
        {
            budget.Step(loop.At, 1);
            var inner = new TemplateScope(scope);
            inner.Set("loop", new V.Loop(items, i, seen));
            Unpack(loop, items[i], inner);
            if (Body(loop.Body, inner) == Ending.Break) break;
        }
        return items.Count == 0 ? Body(loop.Else, new(scope)) : Ending.Plain;
    }

    void Unpack(Node.For loop, V item, TemplateScope scope)
    {
        if (loop.Targets.Count == 1) { scope.Set(loop.Targets[0], item); return; }
        var parts = budget.Each(loop.At, item);
        if (parts.Count != loop.Targets.Count) throw new TemplateException(loop.At, $"{parts.Count} values stand for {loop.Targets.Count} names");
        for (var i = 0; i < parts.Count; i++) scope.Set(loop.Targets[i], parts[i]);
    }

    void Assign(Node.Set set, V value, TemplateScope scope)
    {
        if (set.Targets.Count == 1) { Assign(set.At, set.Targets[0], value, scope); return; }
        var parts = budget.Each(set.At, value);
        if (parts.Count != set.Targets.Count) throw new TemplateException(set.At, $"{parts.Count} values stand for {set.Targets.Count} names");
        for (var i = 0; i < parts.Count; i++) Assign(set.At, set.Targets[i], parts[i], scope);
    }

    static void Assign(Spot at, Target target, V value, TemplateScope scope)
    {
        if (target.Member is null) scope.Set(target.Name, value);
        else if (scope.Find(target.Name) is V.Cell cell) cell.Members[target.Member] = value;
        else throw new TemplateException(at, $"'{target.Name}' is no namespace", "allowed: a member of what namespace(…) made");
    }

    V Captured(Vec<Node> body, Expression value, TemplateScope scope)
    {
        var inner = new TemplateScope(scope);
        inner.Set(Node.Captured, V.Of(Apart(body, inner)));
        return expressions.Value(value, inner);
    }

    string Apart(Vec<Node> body, TemplateScope scope)
    {
        var (before, outer) = (output, captures);
        (output, captures) = (new(), true);
        _ = Body(body, scope);
        var text = output.ToString();
        (output, captures) = (before, outer);
        return text;
    }

    V.Function Macro(Node.Macro macro, TemplateScope scope) => new(macro.Name, given =>
    {
        given.Only(macro.Name, [.. macro.Parameters.Select(static p => p.Name)]);
        var inner = new TemplateScope(scope);
        for (var i = 0; i < macro.Parameters.Count; i++)
        {
            var (name, otherwise) = macro.Parameters[i];
            inner.Set(name, given.Find(i, name) ?? (otherwise is null ? new V.Undefined(name) : expressions.Value(otherwise, inner)));
        }
        return V.Of(Apart(macro.Body, inner));
    });
}
