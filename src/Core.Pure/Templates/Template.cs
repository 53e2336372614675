using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;
using V = Functional.Templates.TemplateValue;

namespace Functional.Templates;

/// <summary>
/// A template in the part of Jinja that published chat templates use, read with <c>trim_blocks</c> and <c>lstrip_blocks</c> as Hugging Face's
/// transformers has it: for, if, set, macro, filter, generation, break, continue, raw; expressions, filters, tests and methods as in Python. What it does
/// not know it refuses when it is read, with line and column. Equal texts make equal templates.
/// </summary>
public sealed class Template : IEquatable<Template>
{
    readonly Vec<Node> nodes;
    readonly string name;

    Template(string name, string text, Vec<Node> nodes) => (this.name, Text, this.nodes) = (name, text, nodes);

    /// <summary>The template's own text.</summary>
    public string Text { get; }

    /// <summary>The template that a text is, or one fault that says where it is wrong.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="name">What faults call it.</param>
    public static Validation<Fault, Template> Parse(string text, string name = "chat_template")
    {
        try
        {
            return Success<Fault, Template>(new(name, text, TemplateParser.Parse(text)));
        }
        catch (TemplateException e)
        {
            return e.In(name).As<Template>();
        }
    }

    /// <summary>The text that the template makes of names and values, or one fault that says where it failed or was stopped.</summary>
    /// <param name="names">
    /// What the template may name; of equal names the last counts. There are also <c>range</c>, <c>dict</c>, <c>namespace</c>, <c>raise_exception</c> and
    /// <c>strftime_now</c>.
    /// </param>
    /// <param name="now">The time that <c>strftime_now</c> tells; without one, calling it is a fault.</param>
    /// <param name="limits">How much it may do.</param>
    public Validation<Fault, Rendering> Render(Vec<(string Name, Json Value)> names, Option<DateTime> now = default, TemplateLimits? limits = null)
    {
        try
        {
            var (text, generated) = TemplateRun.Render(nodes, TemplateGlobals.Of(now).Concat(names.Select(static n => (n.Name, V.Of(n.Value)))),
                limits ?? TemplateLimits.Default);
            return Success<Fault, Rendering>(new(text, generated));
        }
        catch (TemplateException e)
        {
            return e.In(name).As<Rendering>();
        }
    }

    /// <inheritdoc/>
    public bool Equals(Template? other) => other is not null && Text == other.Text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Template);

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);
}

/// <summary>What a template made.</summary>
/// <param name="Text">The text.</param>
/// <param name="Generated">Where in it, in UTF-16 code units, the text of each <c>{% generation %}</c> begins and ends: what the assistant wrote.</param>
public sealed record Rendering(string Text, Vec<(int Start, int End)> Generated);
